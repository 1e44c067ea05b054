#include "db/schema_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <vector>

namespace vedette::db {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '"';
}

// Where what begins at `at` (a comment, a literal, a block) ends; `at` itself for anything else.
std::size_t end_of_passage(std::string_view sql, std::size_t at) {
  const auto behind = [&](std::string_view closing, std::size_t from) {
    const auto found = sql.find(closing, from);
    return found == std::string_view::npos ? sql.size() : found + closing.size();
  };
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("--")) return behind("\n", at);
  if (rest.starts_with("/*")) return behind("*/", at + 2);
  if (rest.starts_with('\'')) return behind("'", at + 1);
  if (rest.starts_with('$')) {
    const auto close = rest.find('$', 1);
    if (close != std::string_view::npos &&
        std::ranges::all_of(rest.substr(1, close - 1), is_word)) {
      return behind(rest.substr(0, close + 1), at + close + 1);
    }
  }
  return at;
}

// Lower case words, and ";" between statements.
std::vector<std::string> words_of(std::string_view sql) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < sql.size();) {
    if (const auto end = end_of_passage(sql, at); end > at) {
      at = end;
      continue;
    }
    if (!is_word(sql[at])) {
      if (sql[at] == ';') words.emplace_back(";");
      ++at;
      continue;
    }
    std::string word;
    for (; at < sql.size() && is_word(sql[at]); ++at) {
      if (sql[at] != '"') {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(sql[at])));
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

/// One statement, read from its front.
class Statement {
 public:
  explicit Statement(std::vector<std::string> words) : words_(std::move(words)) {}

  bool take(std::string_view word) {
    if (at_ >= words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  void skip(std::initializer_list<std::string_view> fillers) {
    while (at_ < words_.size() && std::ranges::find(fillers, words_[at_]) != fillers.end()) ++at_;
  }
  /// The next word as a name, without its schema; "" at the end.
  std::string name() {
    if (at_ >= words_.size()) return {};
    const std::string& word = words_[at_++];
    return word.substr(word.rfind('.') + 1);
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

void follow_statement(Statement statement, SchemaThings& things) {
  if (statement.take("create")) {
    statement.skip({"unlogged", "unique"});
    for (const std::string_view kind : {"table", "index"}) {
      if (!statement.take(kind)) continue;
      statement.skip({"concurrently", "if", "not", "exists"});
      things.insert(std::string(kind) + ' ' + statement.name());
      return;
    }
  } else if (statement.take("drop")) {
    for (const std::string_view kind : {"table", "index"}) {
      if (!statement.take(kind)) continue;
      statement.skip({"concurrently", "if", "exists"});
      things.erase(std::string(kind) + ' ' + statement.name());
      return;
    }
  } else if (statement.take("alter") && statement.take("table")) {
    statement.skip({"if", "exists", "only"});
    const std::string before = "table " + statement.name();
    if (!statement.take("rename") || !statement.take("to")) return;
    if (things.erase(before) > 0) things.insert("table " + statement.name());
  }
}

}  // namespace

void follow(std::string_view sql, SchemaThings& things) {
  std::vector<std::string> statement;
  for (std::string& word : words_of(sql)) {
    if (word != ";") {
      statement.push_back(std::move(word));
      continue;
    }
    follow_statement(Statement(std::move(statement)), things);
    statement.clear();
  }
  follow_statement(Statement(std::move(statement)), things);
}

}  // namespace vedette::db
