// The single examinations behind `vedette doctor`; those of a pipeline are in its PipelineKind.
// Each looks at one thing, takes seconds at most, changes nothing that stays, and says what it
// found, why, and what to do. One thread.
#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"

namespace vedette::app {

enum class Verdict { kOk, kWarn, kBad };

struct Finding {
  Verdict verdict = Verdict::kOk;
  /// "Data folder", "Clock": two words at most.
  std::string subject;
  /// What is the case, with figures.
  std::string what;
  /// What a person can do; empty when there is nothing to do.
  std::string remedy;
};

using Findings = std::vector<Finding>;

/// Where the settings came from, what was accepted without effect, who may come in.
Findings check_settings(const config::Loaded& loaded);
/// Versions of the parts.
Findings check_parts();
/// Processor and its number formats, memory, clock.
Findings check_machine();
/// Data folder: there, writable, room on the disk.
Findings check_data_folder(const config::Settings& settings);
/// The folder or the bucket of the objects: there, readable, writable, region, clock.
Findings check_blobs(const config::Settings& settings);
/// The listen address: free, Vedette's already, or somebody else's.
Findings check_port(const config::Settings& settings);
/// Reachable, sound enough to answer, its tables as new as this program.
Findings check_database(const config::Settings& settings);

}  // namespace vedette::app
