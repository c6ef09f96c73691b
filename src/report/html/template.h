// The page of to_html(), as the build puts it together of report.html, report.css and report.js (embed.cmake).
#ifndef TORCHTALLY_SRC_REPORT_HTML_TEMPLATE_H_
#define TORCHTALLY_SRC_REPORT_HTML_TEMPLATE_H_

#include <string_view>

namespace torchtally::report {

// With {{title}} (HTML text) and {{data}} (JSON) where these belong.
extern const std::string_view kHtmlTemplate;

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_HTML_TEMPLATE_H_
