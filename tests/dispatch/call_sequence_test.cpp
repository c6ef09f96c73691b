// CallSequence: how many calls of a program come as they are expected.
#include "dispatch/call_sequence.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace torchtally::dispatch {
namespace {

class CallSequenceTest : public ::testing::Test {
 protected:
  using Step = std::vector<int>;  // calls alike have one number

  static Step distinct(int count) {
    Step step;
    for (int i = 0; i < count; ++i) step.push_back(i);
    return step;
  }

  // Calls of the step that came otherwise than expected.
  int surprises(const Step& step) {
    int count = 0;
    for (const int each : step) {
      RememberedCall& call = calls_[each];
      if (&sequence_.expected() == &call) {
        sequence_.repeat(call);
      } else {
        ++count;
        call.repeat();
        sequence_.follow(call);
      }
      ++times_[each];
    }
    return count;
  }
  int surprises(const std::string& step) { return surprises(Step(step.begin(), step.end())); }

  void TearDown() override {
    for (const auto& [each, times] : times_) EXPECT_EQ(calls_[each].repeats, times) << each;
  }

  CallSequence sequence_;
  std::map<int, RememberedCall> calls_;
  std::map<int, int> times_;
};

TEST_F(CallSequenceTest, OneCallOverAndOver) {
  EXPECT_EQ(surprises("a"), 1);
  EXPECT_EQ(surprises("aaaaaaaa"), 0);
}

TEST_F(CallSequenceTest, StepsOfDistinctCalls) {
  surprises("abcdef");
  EXPECT_EQ(surprises("abcdef"), 1);  // the first
  EXPECT_EQ(surprises("abcdefabcdefabcdef"), 0);
}

TEST_F(CallSequenceTest, CallsAlikeInManyPlacesOfAStep) {
  // Two layers with one view, an optimizer on two parameters of one size and on another.
  const std::string step =
      "f-v-gv+hv=--"
      "abcdabcdxyzd";
  surprises(step);
  surprises(step);
  EXPECT_EQ(surprises(step), 0);
  EXPECT_EQ(surprises(step), 0);
}

TEST_F(CallSequenceTest, OneCallInPlaceOfAnother) {
  surprises("abcdefgh");
  surprises("abcdefgh");
  EXPECT_EQ(surprises("abcXefgh"), 1);
  EXPECT_EQ(surprises("abcdefgh"), 1);  // the last d was two steps ago
  EXPECT_EQ(surprises("abcdefgh"), 1);  // and two steps ago there is an X now
  EXPECT_EQ(surprises("abcdefgh"), 0);
}

TEST_F(CallSequenceTest, OtherStepsInBetween) {
  const std::string training = "abcabdabe", evaluation = "abfabg";
  for (int i = 0; i < 3; ++i) surprises(training);
  for (int i = 0; i < 3; ++i) surprises(evaluation);
  EXPECT_EQ(surprises(evaluation), 0);
  surprises(training);
  surprises(training);
  EXPECT_EQ(surprises(training), 0);
}

TEST_F(CallSequenceTest, StepsLongerThanTheRoomThatThereIsAtFirst) {
  const Step step = distinct(5000);
  for (int i = 0; i < 8; ++i) surprises(step);
  EXPECT_EQ(surprises(step), 0);
}

TEST_F(CallSequenceTest, StepsLongerThanTheMostRoomAreSurprisesAndStillCounted) {
  const Step step = distinct(140'000);
  for (int i = 0; i < 11; ++i) surprises(step);
  EXPECT_EQ(surprises(step), 140'000);
}

}  // namespace
}  // namespace torchtally::dispatch
