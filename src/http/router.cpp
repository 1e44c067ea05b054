#include "http/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vedette::http {
namespace {

constexpr std::size_t kMethods = static_cast<std::size_t>(Method::kOther);

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto end = path.find('/');
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return segments;
}

}  // namespace

struct Router::Table {
  /// The routes of one pattern, by method.
  struct Node {
    std::array<std::unique_ptr<Route>, kMethods> routes;

    const Route* find(Method method) const {
      if (method == Method::kOther) return nullptr;
      const auto* route = routes[static_cast<std::size_t>(method)].get();
      if (!route && method == Method::kHead) return find(Method::kGet);
      return route;
    }
    std::string allow() const {
      std::string text = "OPTIONS";
      for (std::size_t i = 0; i < kMethods; ++i) {
        const auto method = static_cast<Method>(i);
        if (method != Method::kOptions && find(method)) {
          text += ", ";
          text += name(method);
        }
      }
      return text;
    }
  };
  struct Segment {
    std::string text;  // the capture's name, or the fixed text
    enum Kind { kFixed, kCapture, kRest } kind;
  };
  struct Pattern {
    std::string text;
    std::vector<Segment> segments;
    Node node;
  };

  std::unordered_map<std::string, Node, StringHash, std::equal_to<>> fixed;
  std::vector<Pattern> patterns;  // ordered: fixed segments before captures before rests
  std::unique_ptr<Route> fallback;

  Node& node_for(std::string_view pattern);
  const Node* find(std::string_view path, std::vector<Request::Pair>& params) const;
};

namespace {

[[noreturn]] void reject(std::string_view pattern, std::string_view why) {
  throw std::invalid_argument(fmt::format("route {}: {}", pattern, why));
}

}  // namespace

Router::Table::Node& Router::Table::node_for(std::string_view pattern) {
  if (!pattern.starts_with('/') || (pattern.size() > 1 && pattern.ends_with('/')) ||
      pattern.find("//") != std::string_view::npos) {
    reject(pattern, "must begin with a slash, not end with one, and have no empty segment");
  }
  if (pattern.find_first_of("{}") == std::string_view::npos) return fixed[std::string(pattern)];

  for (auto& known : patterns) {
    if (known.text == pattern) return known.node;
  }
  Pattern fresh{std::string(pattern), {}, {}};
  for (const auto piece : split(pattern)) {
    if (!fresh.segments.empty() && fresh.segments.back().kind == Segment::kRest) {
      reject(pattern, "something follows {name*}");
    }
    if (piece.find_first_of("{}") == std::string_view::npos) {
      fresh.segments.push_back({std::string(piece), Segment::kFixed});
      continue;
    }
    if (piece.size() < 3 || piece.front() != '{' || piece.back() != '}') {
      reject(pattern, "a capture is a whole segment, {name} or {name*}");
    }
    auto capture = piece.substr(1, piece.size() - 2);
    const bool rest = capture.ends_with('*');
    if (rest) capture.remove_suffix(1);
    if (capture.empty()) reject(pattern, "a capture without a name");
    fresh.segments.push_back({std::string(capture), rest ? Segment::kRest : Segment::kCapture});
  }
  const auto same_shape = [&](const Pattern& known) {
    return std::ranges::equal(known.segments, fresh.segments, [](const auto& a, const auto& b) {
      return a.kind == b.kind && (a.kind != Segment::kFixed || a.text == b.text);
    });
  };
  if (std::ranges::any_of(patterns, same_shape)) {
    reject(pattern, "another route names the captures of this path differently");
  }
  const auto kinds_before = [](const Pattern& a, const Pattern& b) {
    return std::ranges::lexicographical_compare(a.segments, b.segments, std::less{}, &Segment::kind,
                                                &Segment::kind);
  };
  const auto at = std::upper_bound(patterns.begin(), patterns.end(), fresh, kinds_before);
  return patterns.insert(at, std::move(fresh))->node;
}

const Router::Table::Node* Router::Table::find(std::string_view path,
                                               std::vector<Request::Pair>& params) const {
  if (const auto it = fixed.find(path); it != fixed.end()) return &it->second;
  if (patterns.empty()) return nullptr;
  const auto segments = split(path);
  const auto fits = [&](const Pattern& pattern) {
    const bool rest = pattern.segments.back().kind == Segment::kRest;
    if (rest ? segments.size() < pattern.segments.size()
             : segments.size() != pattern.segments.size()) {
      return false;
    }
    for (std::size_t i = 0; i < pattern.segments.size(); ++i) {
      const auto& segment = pattern.segments[i];
      if (segment.kind == Segment::kFixed && segment.text != segments[i]) return false;
    }
    return true;
  };
  const auto pattern = std::ranges::find_if(patterns, fits);
  if (pattern == patterns.end()) return nullptr;
  for (std::size_t i = 0; i < pattern->segments.size(); ++i) {
    const auto& segment = pattern->segments[i];
    if (segment.kind == Segment::kFixed) continue;
    const auto value =
        segment.kind == Segment::kCapture
            ? segments[i]
            : path.substr(static_cast<std::size_t>(segments[i].data() - path.data()));
    params.emplace_back(segment.text, value);
  }
  return &pattern->node;
}

Router::Router() : table_(std::make_unique<Table>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
  if (options.body == BodyKind::kStream) {
    if (options.inline_ok || options.at_hand) reject(pattern, "a handler that waits for its body");
    options.pool = PoolKind::kSlow;
  }
  auto& slot = table_->node_for(pattern).routes[static_cast<std::size_t>(method)];
  if (slot) reject(pattern, fmt::format("{} is taken", name(method)));
  slot = std::make_unique<Route>(std::move(handler), options, std::string(pattern));
}

void Router::get(std::string_view pattern, Handler handler, RouteOptions options) {
  add(Method::kGet, pattern, std::move(handler), options);
}
void Router::post(std::string_view pattern, Handler handler, RouteOptions options) {
  add(Method::kPost, pattern, std::move(handler), options);
}
void Router::put(std::string_view pattern, Handler handler, RouteOptions options) {
  add(Method::kPut, pattern, std::move(handler), options);
}
void Router::patch(std::string_view pattern, Handler handler, RouteOptions options) {
  add(Method::kPatch, pattern, std::move(handler), options);
}
void Router::del(std::string_view pattern, Handler handler, RouteOptions options) {
  add(Method::kDelete, pattern, std::move(handler), options);
}
void Router::fallback(Handler handler, RouteOptions options) {
  if (table_->fallback) reject("(fallback)", "is taken");
  table_->fallback = std::make_unique<Route>(std::move(handler), options, "(fallback)");
}

void Router::guard(std::string_view prefix, const Guard& guard) {
  const auto wrap = [&](Table::Node& node) {
    for (auto& route : node.routes) {
      if (!route || !route->pattern.starts_with(prefix)) continue;
      route->handler = [guard, inner = std::move(route->handler)](const Request& request) {
        auto refused = guard(request);
        return refused ? std::move(*refused) : inner(request);
      };
      // First of all on the io thread: no refusal waits for the pool.
      route->options.at_hand = [guard, inner = std::move(route->options.at_hand)](
                                   const Request& request) -> std::optional<Response> {
        auto refused = guard(request);
        if (refused || !inner) return refused;
        return inner(request);
      };
    }
  };
  for (auto& [path, node] : table_->fixed) wrap(node);
  for (Table::Pattern& pattern : table_->patterns) wrap(pattern.node);
}

Router::Match Router::match(Request& request) const {
  request.params.clear();
  if (const auto* node = table_->find(request.path, request.params)) {
    if (const auto* route = node->find(request.method)) return {route, 200, {}};
    return {nullptr, request.method == Method::kOptions ? 204 : 405, node->allow()};
  }
  const bool is_api = request.path == "/api" || request.path.starts_with("/api/");
  if (table_->fallback && !is_api) {
    if (request.method == Method::kGet || request.method == Method::kHead) {
      return {table_->fallback.get(), 200, {}};
    }
    return {nullptr, request.method == Method::kOptions ? 204 : 405, "OPTIONS, GET, HEAD"};
  }
  return {nullptr, 404, {}};
}

Response Router::refusal(const Match& match, const Request& request) {
  if (match.status == 204 || match.status == 405) {
    auto response = match.status == 204 ? empty()
                                        : error(ErrorCode::kInvalid,
                                                fmt::format("{} is not possible here; allowed: {}",
                                                            name(request.method), match.allow));
    response.status = match.status;
    response.set("Allow", match.allow);
    return response;
  }
  return error(ErrorCode::kNotFound, fmt::format("there is nothing at {}", request.path));
}

Response Router::call(Request request) const {
  const auto found = match(request);
  return found.route ? found.route->handler(request) : refusal(found, request);
}

}  // namespace vedette::http
