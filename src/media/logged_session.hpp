// A session that remembers: frames whose detections are kept are answered from there, the others by
// the real session, whose answers can be taken out and kept. What counts a recording uses it, so
// that after an interruption the frames before it cost their decoding alone. Storing is the
// caller's. One thread, as any session.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "media/detection_chunk.hpp"
#include "media/detector.hpp"

namespace vedette::media {

/// The key of a recording (Recording::identity()) seen through a session of this fingerprint. An
/// empty fingerprint gives an empty key.
std::string detection_key(std::string_view recording, std::string_view fingerprint);

class LoggedSession final : public Session {
 public:
  /// Borrows the session. With an empty key nothing is kept and all is asked.
  LoggedSession(Session& session, std::string_view key);

  /// Takes a chunk that take_new() gave, in any order, before the frames it speaks of are asked
  /// for; frames gone by are passed over. Chunks are let go once passed. kConflict: it is of
  /// another key; kCorrupt: it is damaged; nothing of it is used then.
  Result<> add(std::string chunk);

  /// What the session said of frames since the last call, of those collected. Empty: nothing new.
  /// Beyond kMostChunkBytes nothing more is kept until it is called: those frames are asked again
  /// some day.
  std::string take_new() { return fresh_.take(); }

  /// The last frame of all chunks added; -1: none.
  std::int64_t last_known() const { return last_known_; }

  /// Frames that were not shown to the session.
  std::int64_t answered() const { return answered_; }

  Result<> detect(const Frame& frame, std::vector<Detection>& into) override;
  Result<> submit(const Frame& frame) override;
  Result<> collect(std::vector<Detection>& into) override;
  bool is_ready() const override;
  int in_flight() const override { return static_cast<int>(under_way_.size()); }
  int capacity() const override { return session_.capacity(); }
  const ModelInfo& model() const override { return session_.model(); }
  DetectorFacts facts() const override { return session_.facts(); }
  Result<std::string> fingerprint() const override { return session_.fingerprint(); }

 private:
  struct Asked {
    std::int64_t frame = 0;
    bool is_known = false;
    std::vector<Detection> boxes;  // when it is known
  };
  bool find(std::int64_t frame, std::vector<Detection>& into);

  Session& session_;
  DetectionKey key_{};
  bool is_kept_;
  std::vector<DetectionChunkReader> known_;  // a heap, the next frame on top
  DetectionChunkWriter fresh_;
  std::deque<Asked> under_way_;
  std::int64_t last_known_ = -1;
  std::int64_t answered_ = 0;
};

}  // namespace vedette::media
