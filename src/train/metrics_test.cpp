#include "train/metrics.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_folder_for_test.h"

namespace hermes::train {
namespace {

MetricPoint point(int64_t step) {
  return {.step = step,
          .loss = 1.0 / static_cast<double>(step),
          .test_loss = std::nullopt,
          .learning_rate = 1e-3,
          .gradient_norm = 0.1,
          .tokens_per_second = 1234.5,
          .n_tokens = 100 * step};
}

TEST(Metrics, LinesReadBack) {
  MetricPoint original = point(3);
  original.test_loss = 0.25;
  const MetricPoint back = parse_metric(to_json_line(original), "line").value();
  EXPECT_EQ(back.step, original.step);
  EXPECT_EQ(back.loss, original.loss);
  EXPECT_EQ(back.test_loss, original.test_loss);
  EXPECT_EQ(back.learning_rate, original.learning_rate);
  EXPECT_EQ(back.gradient_norm, original.gradient_norm);
  EXPECT_EQ(back.tokens_per_second, original.tokens_per_second);
  EXPECT_EQ(back.n_tokens, original.n_tokens);
  EXPECT_FALSE(parse_metric(to_json_line(point(3)), "line")->test_loss.has_value());
  EXPECT_FALSE(parse_metric("{\"step\": 1}", "line").ok());
}

TEST(MetricLog, GoesOnWhereTheCheckpointWas) {
  const TempFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  {
    MetricLog log = MetricLog::open(path, 0).value();
    for (int64_t step = 1; step <= 5; ++step) ASSERT_TRUE(log.add(point(step)).ok());
  }
  {
    MetricLog log = MetricLog::open(path, 3).value();  // steps 4 and 5 were not saved, and come again
    ASSERT_EQ(log.points().size(), 3U);
    ASSERT_TRUE(log.add(point(4)).ok());
    ASSERT_EQ(log.points().size(), 4U);
  }
  const std::string expected =
      to_json_line(point(1)) + to_json_line(point(2)) + to_json_line(point(3)) + to_json_line(point(4));
  EXPECT_EQ(read_text_file(path, 10000).value(), expected);
  EXPECT_TRUE(MetricLog::open(path, 0)->points().empty());  // a new run
}

TEST(MetricLog, ALineCutShortIsDropped) {
  const TempFolder folder;
  const auto path = folder.write("metrics.jsonl", to_json_line(point(1)) + "{\"step\": 2, \"lo");
  EXPECT_EQ(MetricLog::open(path, 9)->points().size(), 1U);
}

}  // namespace
}  // namespace hermes::train
