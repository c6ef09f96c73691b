# cmake -D COMMAND=torchtally -D DOCUMENT=docs/formulas.md -D GENERATED=<scratch file> -P formulas_are_current.cmake
#
# docs/formulas.md is what the table says, whatever the LibTorch.
execute_process(COMMAND "${COMMAND}" ops --all --format markdown --output "${GENERATED}" RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "torchtally ops failed: ${failed}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${DOCUMENT}" "${GENERATED}" RESULT_VARIABLE different OUTPUT_QUIET ERROR_QUIET)
if(different)
  message(FATAL_ERROR "docs/formulas.md is not what the table says. Run\n"
                      "  ${COMMAND} ops --all --format markdown --output ${DOCUMENT}\n"
                      "and commit the file."
  )
endif()
