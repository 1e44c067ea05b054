// What a running Vedette says about itself over its API: for `vedette status` and `vedette doctor`.
// Blocking, a few seconds at most. One thread.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/settings.hpp"
#include "net/http_client.hpp"

namespace vedette::app {

/// Where the settings say that the server of this machine listens; 0.0.0.0 and :: become loopback.
net::HttpTarget own_server(const config::Settings& settings);

/// The detail of an error about a server that is there and answers 503.
inline constexpr std::string_view kCannotAnswerNow = "HTTP 503";

/// GET of JSON. kUnauthorized with the remedy when a token is wanted; kUnavailable when it is there
/// and cannot answer now (starting, no connection left); kCorrupt when it is not Vedette that
/// answers.
Result<boost::json::value> ask(const net::HttpTarget& server, std::string_view path,
                               const config::Settings& settings);

/// The same for a request of any method with a JSON body (empty: none), and any answer of the 200s;
/// null for one without a body. What the server refuses is its own sentence: kInvalid, kNotFound or
/// kConflict, with the field it is about as detail.
Result<boost::json::value> ask(const net::HttpTarget& server, net::HttpRequest request,
                               const config::Settings& settings);

/// The database or a loop that a person should look at.
struct Complaint {
  std::string title;
  std::string word;
  std::string why;
};

/// One loop (a camera is one), as a person wants it.
struct LoopLine {
  std::string title;
  std::string word;
  std::string since;    // RFC 3339, or empty
  std::string process;  // host:pid
  bool needs_a_look = false;
};

struct ServerReport {
  boost::json::value status;
  boost::json::value loops;
  boost::json::value jobs;      // kinds of jobs; null where the server has none to tell of
  std::vector<LoopLine> lines;  // what needs a look first
  std::vector<Complaint> complaints;
  /// For the server's own summary line.
  std::string version;
  std::string started_at;
  std::string roles;
  std::string database;  // "SQLite 3.54.1, reachable"
  int other_processes = 0;
  /// "2 waiting, 1 running"; empty where nothing is known of jobs.
  std::string queue;
};

/// Picks out what matters. What lacks a field is read without it: an older or newer server must not
/// break `status`. Pure.
ServerReport read_report(boost::json::value status, boost::json::value loops,
                         boost::json::value jobs = nullptr);

/// Asks for status, loops and jobs, and reads them.
Result<ServerReport> ask_all(const net::HttpTarget& server, const config::Settings& settings);

}  // namespace vedette::app
