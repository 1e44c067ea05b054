// A recording that is read again after an interruption: frames whose detections were kept come from
// there, without being decoded and shown to the model, and what follows comes from the real source
// and session, exactly as undisturbed; what is said then can be taken out and kept. Stands between
// source, session and whoever watches them. Storing is the caller's. One thread.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/detection_chunk.hpp"
#include "media/detector.hpp"
#include "media/frame_source.hpp"

namespace vedette::media {

/// The key of a recording (Recording::identity()) seen through a session of this fingerprint. An
/// empty fingerprint gives an empty key.
std::string detection_key(std::string_view recording, std::string_view fingerprint);

class DetectionLog {
 public:
  enum class Pictures {
    kNew,  ///< of frames that are new; a known one has its size alone
    kAll,  ///< of all frames: for those who look at them (a gate); known ones are decoded
  };

  /// Borrows both. With an empty key nothing is kept: all is read and asked.
  DetectionLog(FrameSource& source, Session& session, std::string_view key,
               Pictures pictures = Pictures::kNew);

  /// Takes a chunk that take_new() gave, in any order, before the frames it speaks of are asked
  /// for. Chunks are let go once passed. kConflict: it is of another key; kCorrupt: it is damaged;
  /// nothing of it is used then.
  Result<> add(std::string chunk);

  /// For WatchPipeline. The source's next() fails with kConflict when the recording is not the one
  /// the chunks are of after all: open all anew, without them.
  FrameSource& source() { return source_; }
  Session& session() { return session_; }

  /// What the session said of frames since the last call, of those collected. Empty: nothing new.
  /// Beyond kMostChunkBytes nothing more is kept until it is called: those frames are asked again
  /// some day.
  std::string take_new() { return fresh_.take(); }

  /// Frames that were not shown to the session.
  std::int64_t answered() const { return answered_; }

 private:
  struct Asked {
    Frame frame;  // without its picture
    bool is_known = false;
    std::vector<Detection> boxes;  // when it is known
  };

  class LoggedSource final : public FrameSource {
   public:
    LoggedSource(DetectionLog& log, FrameSource& source, bool is_real)
        : log_(log), source_(source), is_real_(is_real) {}
    Result<std::optional<Frame>> next(const std::stop_token& stop) override;
    SourceInfo info() const override { return source_.info(); }
    SourceStats stats() const override { return source_.stats(); }

   private:
    DetectionLog& log_;
    FrameSource& source_;
    bool is_real_;
    std::int64_t number_ = 0;
  };

  class LoggedSession final : public Session {
   public:
    LoggedSession(DetectionLog& log, Session& session) : log_(log), session_(session) {}
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
    DetectionLog& log_;
    Session& session_;
    std::deque<Asked> under_way_;
  };

  std::optional<Frame> find(std::int64_t number, std::vector<Detection>& into);
  bool answer(std::int64_t number, std::vector<Detection>& into);
  void keep(const Frame& frame, const std::vector<Detection>& boxes);

  DetectionKey key_;
  bool is_kept_;
  LoggedSource source_;
  LoggedSession session_;
  std::vector<DetectionChunkReader> known_;  // a heap, the next frame on top
  std::deque<Asked> recalled_;               // given by the source, not asked for yet
  DetectionChunkWriter fresh_;
  std::int64_t answered_ = 0;
};

}  // namespace vedette::media
