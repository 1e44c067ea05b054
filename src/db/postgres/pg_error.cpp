#include "db/postgres/pg_error.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <utility>

namespace vedette::db {
namespace {

PgFailure make(Fault fault, ErrorCode code, std::string message, std::string detail) {
  return {fail(code, std::move(message), std::move(detail)).error(), fault, false};
}

// libpq's first line, as it reads inside brackets: "connection refused".
std::string short_reason(std::string_view message) {
  if (const auto at = message.find("failed: "); at != std::string_view::npos) {
    message.remove_prefix(at + 8);
  }
  message = message.substr(0, message.find('\n'));
  for (const std::string_view severity : {"FATAL:", "ERROR:"}) {
    if (message.starts_with(severity)) message.remove_prefix(severity.size());
  }
  while (message.starts_with(' ')) message.remove_prefix(1);
  std::string reason(message.empty() ? "no reason given" : message);
  // "Connection refused" becomes lower case inside brackets; an abbreviation stays.
  if (reason.size() > 1 && std::islower(static_cast<unsigned char>(reason[1])) != 0) {
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  }
  return reason;
}

PgFailure constraint_failure(std::string_view sqlstate, std::string detail) {
  if (sqlstate == "23505" || sqlstate == "23P01") {
    return make(Fault::kStatement, ErrorCode::kConflict, "An entry with this key exists already.",
                std::move(detail));
  }
  if (sqlstate == "23503") {
    return make(Fault::kStatement, ErrorCode::kConflict,
                "The entry belongs to another one that does not exist.", std::move(detail));
  }
  return make(Fault::kStatement, ErrorCode::kInvalid,
              "A value is missing, or not one its field may hold.", std::move(detail));
}

// Failures of one SQLSTATE, or of its class when two characters are given.
struct Known {
  std::string_view state;
  Fault fault;
  ErrorCode code;
  std::string_view message;  // {} is the server
};

constexpr std::array kKnown{
    Known{"40001", Fault::kContention, ErrorCode::kUnavailable,
          "Another transaction at {} was in the way. Try again."},
    Known{"40P01", Fault::kContention, ErrorCode::kUnavailable,
          "Another transaction at {} was in the way. Try again."},
    Known{"55P03", Fault::kContention, ErrorCode::kUnavailable,
          "Another transaction at {} held a lock for too long. Try again."},
    Known{"57014", Fault::kStatement, ErrorCode::kTimeout,
          "A database statement took longer than the statement timeout and was ended by {}."},
    Known{"25P03", Fault::kLost, ErrorCode::kTimeout,
          "A transaction did nothing for too long and was ended by PostgreSQL at {}. Nothing was "
          "changed."},
    Known{"25006", Fault::kStatement, ErrorCode::kUnavailable,
          "PostgreSQL at {} is read-only: it may be a standby. Give the address of the primary "
          "server."},
    Known{"42501", Fault::kStatement, ErrorCode::kUnavailable,
          "The database user may not do this at {}. Make it the owner of the database, or grant it "
          "the missing rights."},
    Known{"53100", Fault::kStatement, ErrorCode::kDiskFull,
          "The disk of PostgreSQL at {} is full. Free some space there; nothing was changed."},
    Known{"53300", Fault::kLost, ErrorCode::kUnavailable,
          "PostgreSQL at {} has no connection left. Raise max_connections, or run fewer programs."},
    Known{"53", Fault::kStatement, ErrorCode::kUnavailable,
          "PostgreSQL at {} has run out of memory or another resource. Look at its log."},
    Known{"57P", Fault::kLost, ErrorCode::kUnavailable,
          "PostgreSQL at {} is shutting down or starting. Check that it is running; the program "
          "reconnects by itself."},
    Known{"08P01", Fault::kStatement, ErrorCode::kInternal,
          "A database statement was sent to {} with the wrong values: a defect in the program. The "
          "log has details."},
    Known{"08", Fault::kLost, ErrorCode::kUnavailable,
          "The connection to PostgreSQL at {} was lost. The program reconnects by itself."},
    Known{"58", Fault::kStatement, ErrorCode::kUnavailable,
          "PostgreSQL at {} met an error of its system. Look at its log and its disk."},
    Known{"XX001", Fault::kStatement, ErrorCode::kCorrupt,
          "Data of PostgreSQL at {} is damaged. Look at its log and restore a backup."},
    Known{"22", Fault::kStatement, ErrorCode::kInvalid, "A value is not one its field may hold."},
};

}  // namespace

PgFailure pg_failure(std::string_view sqlstate, std::string_view message, std::string_view sql,
                     const std::string& place) {
  std::string detail = fmt::format("PostgreSQL {}: {} ({})", sqlstate, message, sql);
  const bool is_replan = message.find("cached plan must not change") != std::string_view::npos;
  if (sqlstate == "26000" || (sqlstate == "0A000" && is_replan)) {
    PgFailure failure =
        make(Fault::kContention, ErrorCode::kUnavailable,
             "The database's tables were changed meanwhile. Try again.", std::move(detail));
    failure.is_stale_plan = true;
    return failure;
  }
  if (sqlstate.starts_with("23")) return constraint_failure(sqlstate, std::move(detail));
  for (const Known& known : kKnown) {
    if (!sqlstate.starts_with(known.state)) continue;
    return make(known.fault, known.code, fmt::format(fmt::runtime(known.message), place),
                std::move(detail));
  }
  return make(
      Fault::kStatement, ErrorCode::kInternal,
      "A database statement failed because of a defect in the program. The log has details.",
      std::move(detail));
}

PgFailure pg_lost(std::string_view reason, const std::string& place) {
  return make(Fault::kLost, ErrorCode::kUnavailable,
              fmt::format("The connection to PostgreSQL at {} was lost ({}). Check that it is "
                          "running; the program reconnects by itself.",
                          place, short_reason(reason)),
              std::string(reason));
}

PgFailure pg_silent(const std::string& place) {
  return make(Fault::kLost, ErrorCode::kUnavailable,
              fmt::format("PostgreSQL at {} does not answer. Check the server and the network; the "
                          "program reconnects by itself.",
                          place),
              "no answer within the statement timeout");
}

Error pg_unreachable(std::string_view message, const std::string& place) {
  const std::string reason = short_reason(message);
  const auto says = [&](std::string_view text) {
    return message.find(text) != std::string_view::npos;
  };
  std::string text;
  if (says("too many clients") || says("connection slots")) {
    text = fmt::format(
        "PostgreSQL at {} has no connection left ({}). Raise max_connections, or run fewer "
        "programs.",
        place, reason);
  } else if (says("authentication") || says("does not exist") || says("pg_hba.conf") ||
             says("permission denied") || says("no password supplied")) {
    text = fmt::format(
        "PostgreSQL at {} refused the connection ({}). Check the user, the password and the "
        "database name.",
        place, reason);
  } else {
    text = fmt::format(
        "Cannot reach PostgreSQL at {} ({}). Check that it is running and the address is right.",
        place, reason);
  }
  return fail(ErrorCode::kUnavailable, std::move(text), std::string(message)).error();
}

}  // namespace vedette::db
