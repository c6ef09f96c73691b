// sample_tally: a small training step with everything that a report has to show.
#ifndef TORCHTALLY_TESTS_REPORT_SAMPLE_TALLY_H_
#define TORCHTALLY_TESTS_REPORT_SAMPLE_TALLY_H_

#include "torchtally/tally.h"

namespace torchtally::testing {

// Net { stem: Conv2d; backbone: Wrapper { body: Sequential { 0: Linear; tail: head once more } }; head: Linear; spare: Linear,
// never called }, and a scope "größe <b>" in body that calls an operator without a verdict. Forward and backward, float32 and
// bfloat16.
Tally sample_tally();

}  // namespace torchtally::testing

#endif  // TORCHTALLY_TESTS_REPORT_SAMPLE_TALLY_H_
