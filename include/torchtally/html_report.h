// to_html: the whole report as one file for a browser.
//
//   torchtally::HtmlOptions options;
//   options.title = "ResNet-50, 1x3x224x224";
//   options.peak_flops = 1.2e12;   // of this machine, per second
//   options.bandwidth = 60e9;      // bytes per second
//   std::ofstream("report.html") << torchtally::to_html(tally, options);
//
// The file needs nothing else, and no network: an icicle chart of the modules that zooms, the breakdown by operator, phase and
// dtype, a roofline plot of operators or modules, a sortable table, and in plain sight what is not covered. It can be used with
// the keyboard and with a screen reader, and follows the browser's light or dark setting.
//
// Large tallies: where a tally has more module x operator pairs than a browser likes, the smallest ones are added up under
// "(other operators)"; totals stay exact to 53 bits, which is what a browser's numbers hold.
//
// Thread-safety: a pure function.
#ifndef TORCHTALLY_HTML_REPORT_H_
#define TORCHTALLY_HTML_REPORT_H_

#include <string>

#include "torchtally/call_times.h"
#include "torchtally/export.h"
#include "torchtally/report_options.h"
#include "torchtally/tally.h"

namespace torchtally {

struct HtmlOptions {
  std::string title;          // empty: the type of the root module, or "torchtally"
  std::string torch_version;  // empty: not shown
  double peak_flops = 0;      // FLOP/s for the roofline; 0: not known, the reader is asked
  double bandwidth = 0;       // bytes/s for the roofline; 0: not known, the reader is asked
  // Of the same run: then blocks can be as wide as time, and the roofline shows what was achieved. Null: not known.
  const CallTimes* times = nullptr;
  // By caller a block's parent is the module that called it, and a module that was called from several is there as often.
  // Times are known by owner only: std::invalid_argument with `times`.
  Ancestors ancestors = Ancestors::kOwner;
};

TORCHTALLY_API std::string to_html(const Tally& tally, const HtmlOptions& options = {});

// The rows of to_table() as a fragment, to stand in a page with others: a notebook's cell. No script, no style of its own. Takes
// the options that to_markdown() takes.
TORCHTALLY_API std::string to_html_table(const Tally& tally, const ReportOptions& options = {});

}  // namespace torchtally

#endif  // TORCHTALLY_HTML_REPORT_H_
