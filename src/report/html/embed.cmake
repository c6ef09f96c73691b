# cmake -D FOLDER=... -D OUTPUT=... -P embed.cmake: report.html with report.css and report.js in it, as a C++ source file.
file(READ "${FOLDER}/report.html" page)
foreach(part css js)
  file(READ "${FOLDER}/report.${part}" text)
  string(REPLACE "{{${part}}}" "${text}" page "${page}")
endforeach()
# Pieces: a compiler need not take a string literal of more than 65,536 characters.
set(literals "")
string(LENGTH "${page}" length)
set(at 0)
while(at LESS length)
  string(SUBSTRING "${page}" ${at} 8000 piece)
  string(APPEND literals "    R\"embedded(${piece})embedded\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(
  WRITE "${OUTPUT}"
  "#include \"report/html/template.h\"\n\nnamespace torchtally::report {\n\nconst std::string_view kHtmlTemplate =\n${literals};\n\n}  // namespace torchtally::report\n"
)
