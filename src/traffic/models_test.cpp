#include "traffic/models.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <fstream>

#include "db/testing/store.hpp"
#include "traffic/detectors.hpp"

namespace vedette::traffic {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Models : public ::testing::Test {
 protected:
  // A model file with its sidecar, which maps each label to the type of the same name; what is in
  // the file itself is not looked at here.
  fs::path put(const std::string& file, const std::string& name,
               const std::vector<std::string>& types) {
    const fs::path model = temp_.path() / file;
    fs::create_directories(model.parent_path());
    std::ofstream(model) << "model";
    std::ofstream sidecar(model.string() + ".toml");
    sidecar << fmt::format(
        "name = \"{}\"\nlayout = \"yolox\"\n[input]\nwidth = 416\nheight = 416\norder = "
        "\"nchw\"\ncolours = \"bgr\"\nfit = \"stretch\"\n"
        "[labels]\nnames = [\"{}\"]\n[labels.types]\n",
        name, fmt::join(types, "\", \""));
    for (const std::string& type : types) sidecar << fmt::format("{0} = \"{0}\"\n", type);
    return model;
  }
  std::vector<fs::path> folders() const { return {temp_.path() / "own", temp_.path() / "samples"}; }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const FoundModel& model : find_models(folders())) result.push_back(model.name);
    return result;
  }
  std::string chosen(std::string_view wanted) const {
    const auto model = choose_model(folders(), wanted);
    if (!model) return model.error().message;
    return *model ? (*model)->name : "motion";
  }
  db::testing::TempFolder temp_;
};

TEST_F(Models, EarlierFoldersComeFirstThenThoseThatKnowMoreVehicles) {
  put("samples/b.onnx", "all", {"car", "truck", "bus", "motorcycle"});
  put("samples/openvino-ir/a.xml", "all as xml", {"car", "truck", "bus", "motorcycle"});
  put("samples/a.onnx", "people", {"person"});
  put("own/z.onnx", "cars", {"car"});
  EXPECT_THAT(names(), ElementsAre("cars", "all", "all as xml", "people"));
  EXPECT_EQ(chosen("auto"), "cars");
}

TEST_F(Models, OneThatCannotBeUsedIsListedLastWithTheReasonAndNeverChosen) {
  const fs::path bare = temp_.path() / "own" / "unknown.onnx";
  fs::create_directories(bare.parent_path());
  std::ofstream(bare) << "model";
  EXPECT_EQ(chosen("auto"), "motion");
  put("samples/a.onnx", "people", {"person"});
  EXPECT_THAT(names(), ElementsAre("people", "unknown"));
  EXPECT_THAT(find_models(folders())[1].problem, HasSubstr("unknown.onnx"));
  EXPECT_EQ(chosen("auto"), "people");
}

TEST_F(Models, OneWithAWordThatRoadsDoNotKnowCannotBeUsed) {
  put("own/a.onnx", "army", {"car", "tank"});
  EXPECT_EQ(chosen("auto"), "motion");
  EXPECT_THAT(find_models(folders())[0].problem,
              AllOf(HasSubstr("a.onnx"), HasSubstr("'tank'"), HasSubstr("motorcycle")));
  DetectorSettings settings;
  settings.folders = folders();
  const auto opened = Detectors(settings).open("army");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("'tank'"));
}

TEST_F(Models, AreMeantByNameByFileNameAndByPath) {
  put("own/a.onnx", "cars", {"car"});
  const fs::path elsewhere = put("elsewhere/b.onnx", "buses", {"bus"});
  EXPECT_EQ(chosen("cars"), "cars");
  EXPECT_EQ(chosen("a.onnx"), "cars");
  EXPECT_EQ(chosen(elsewhere.string()), "buses");
  EXPECT_EQ(chosen("none"), "motion");
  EXPECT_EQ(chosen("motion"), "motion");
  EXPECT_THAT(chosen("nobody"), HasSubstr("no detection model 'nobody'"));
}

}  // namespace
}  // namespace vedette::traffic
