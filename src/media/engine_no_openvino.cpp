// Stands in for engine_openvino.cpp where OpenVINO was not there when this was built.
#include "media/detector.hpp"
#include "media/engine.hpp"

namespace vedette::media {

bool has_openvino() {
  return false;
}

Result<std::unique_ptr<Engine>> open_openvino(const EngineOptions&, const ModelInfo&) {
  return fail(ErrorCode::kUnavailable,
              "This program was built without OpenVINO; use --engine opencv, or run tools/setup.sh "
              "and build again.");
}

}  // namespace vedette::media
