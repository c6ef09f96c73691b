// All of torchtally.
#ifndef TORCHTALLY_TORCHTALLY_H_
#define TORCHTALLY_TORCHTALLY_H_

#include "torchtally/call_observer.h"    // IWYU pragma: export
#include "torchtally/call_times.h"       // IWYU pragma: export
#include "torchtally/cost.h"             // IWYU pragma: export
#include "torchtally/counting_guard.h"   // IWYU pragma: export
#include "torchtally/diff.h"             // IWYU pragma: export
#include "torchtally/external_call.h"    // IWYU pragma: export
#include "torchtally/formula.h"          // IWYU pragma: export
#include "torchtally/formula_table.h"    // IWYU pragma: export
#include "torchtally/html_report.h"      // IWYU pragma: export
#include "torchtally/module_formula.h"   // IWYU pragma: export
#include "torchtally/module_list.h"      // IWYU pragma: export
#include "torchtally/module_scope.h"     // IWYU pragma: export
#include "torchtally/op_call.h"          // IWYU pragma: export
#include "torchtally/phase.h"            // IWYU pragma: export
#include "torchtally/phase_scope.h"      // IWYU pragma: export
#include "torchtally/report.h"           // IWYU pragma: export
#include "torchtally/step_meter.h"       // IWYU pragma: export
#include "torchtally/tally.h"            // IWYU pragma: export
#include "torchtally/tally_from_json.h"  // IWYU pragma: export
#include "torchtally/thread_context.h"   // IWYU pragma: export
#include "torchtally/trace_writer.h"     // IWYU pragma: export

#endif  // TORCHTALLY_TORCHTALLY_H_
