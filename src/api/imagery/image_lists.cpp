// GET /api/images: pages by cursor, as our page and scripts read them; pages by number and the
// plain list, as clients of the original crop platform do.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/imagery/image_json.hpp"
#include "api/imagery/routes.hpp"
#include "db/database.hpp"
#include "imagery/image_list.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr int kPage = 100;
constexpr int kMostPage = 1000;
constexpr std::size_t kMostSearch = 200;

// What only clients of the original ask with; any of them means their pages, by number.
const Parameters kOriginalOnly{"page",           "offset",         "hasAnalysis",
                               "minHealthScore", "maxHealthScore", "healthStatus",
                               "search",         "sortBy",         "sortOrder"};
const Parameters kOursOnly{"cursor", "mission", "q", "gps"};

Result<std::vector<std::string>> statuses_of(const http::Request& request) {
  VEDETTE_TRY(words, list_of(request, "status"));
  for (const std::string& word : words) {
    if (!imagery::image_status_named(word)) {
      return bad_parameter("status", fmt::format("'{}' is no status; those there are: uploaded, "
                                                 "processing, completed, failed.",
                                                 word));
    }
  }
  return words;
}

Result<int> whole_parameter(const http::Request& request, std::string_view name, int otherwise,
                            int most) {
  const auto text = request.query(name);
  if (!text) return otherwise;
  const auto value = whole_number(*text, name == "offset" ? 0 : 1, most);
  if (!value) {
    return bad_parameter(name, fmt::format("'{}' must be a whole number from {} to {}.", name,
                                           name == "offset" ? 0 : 1, most));
  }
  return static_cast<int>(*value);
}

Result<std::optional<bool>> flag_of(const http::Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return bad_parameter(name, fmt::format("'{}' must be true or false.", name));
}

Result<std::string> search_of(const http::Request& request, std::string_view name) {
  const auto text = request.query(name).value_or("");
  if (text.size() > kMostSearch || text.find('\0') != std::string_view::npos) {
    return bad_parameter(name,
                         fmt::format("'{}' must be text of at most {} bytes.", name, kMostSearch));
  }
  return std::string(text);
}

Result<std::optional<double>> score_of(const http::Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || !(value >= 0 && value <= 1)) {
    return bad_parameter(name, fmt::format("'{}' must be a number from 0 to 1.", name));
  }
  return value;
}

// Ours: newest first, by cursor.
Answer page_by_cursor(const ImageryServices& services, const http::Request& request) {
  imagery::ImageFilter filter;
  VEDETTE_TRY(statuses, statuses_of(request));
  filter.statuses = std::move(statuses);
  VEDETTE_TRY(missions, list_of(request, "mission"));
  for (const std::string& mission : missions) {
    if (!imagery::is_image_id(mission)) {
      return bad_parameter("mission",
                           "'mission' must be ids of missions; GET /api/missions "
                           "lists them.");
    }
  }
  filter.missions = std::move(missions);
  VEDETTE_TRY(search, search_of(request, "q"));
  filter.search = std::move(search);
  VEDETTE_TRY(has_position, flag_of(request, "gps"));
  filter.has_position = has_position;
  VEDETTE_TRY(limit, whole_parameter(request, "limit", kPage, kMostPage));
  VEDETTE_TRY(keys, cursor_of(request, 2));
  std::optional<imagery::ImagePlace> after;
  if (!keys.empty()) {
    const auto at = from_rfc3339(keys[0]);
    if (!at || !imagery::is_image_id(keys[1])) {
      return bad_parameter("cursor", "'cursor' must be the `next` of an earlier answer.");
    }
    after = imagery::ImagePlace{*at, keys[1]};
  }
  struct Read {
    imagery::ImagePage page;
    imagery::StatusCounts counts;
  };
  VEDETTE_TRY(read, services.core->database.read([&](db::Session& session) -> Result<Read> {
    Read all;
    VEDETTE_TRY(page, imagery::images(session, filter, limit, after));
    all.page = std::move(page);
    VEDETTE_TRY(counts, imagery::count_by_status(session));
    all.counts = counts;
    return all;
  }));
  json::array rows;
  for (const imagery::Image& image : read.page.images) rows.push_back(image_row(image));
  json::value next = nullptr;
  if (read.page.has_more) {
    const imagery::Image& last = read.page.images.back();
    next = make_cursor({to_rfc3339(last.uploaded_at), last.id});
  }
  return answer(200, json::object{{"images", std::move(rows)},
                                  {"next", std::move(next)},
                                  {"counts", counts_json(read.counts)}});
}

Result<imagery::ImageOrder> order_of(const http::Request& request) {
  constexpr std::array<std::string_view, 5> kColumns{"uploaded_at", "processed_at", "health_score",
                                                     "ndvi_mean", "filename"};
  imagery::ImageOrder order;
  order.column = request.query("sortBy").value_or("uploaded_at");
  if (std::ranges::find(kColumns, order.column) == kColumns.end()) {
    return bad_parameter("sortBy",
                         fmt::format("'sortBy' must be one of {}.", fmt::join(kColumns, ", ")));
  }
  const auto direction = request.query("sortOrder").value_or("desc");
  if (direction != "desc" && direction != "asc" && direction != "DESC" && direction != "ASC") {
    return bad_parameter("sortOrder", "'sortOrder' must be asc or desc.");
  }
  order.is_descending = direction == "desc" || direction == "DESC";
  return order;
}

// The original's: by number, with all pages counted.
Answer page_by_number(const ImageryServices& services, const http::Request& request) {
  imagery::ImageFilter filter;
  VEDETTE_TRY(statuses, statuses_of(request));
  filter.statuses = std::move(statuses);
  VEDETTE_TRY(has_analysis, flag_of(request, "hasAnalysis"));
  filter.has_analysis = has_analysis;
  VEDETTE_TRY(search, search_of(request, "search"));
  filter.search = std::move(search);
  VEDETTE_TRY(least, score_of(request, "minHealthScore"));
  filter.min_health = least;
  VEDETTE_TRY(most, score_of(request, "maxHealthScore"));
  filter.max_health = most;
  VEDETTE_TRY(health, search_of(request, "healthStatus"));
  filter.health_status = std::move(health);
  VEDETTE_TRY(order, order_of(request));
  VEDETTE_TRY(limit, whole_parameter(request, "limit", 50, kMostPage));
  VEDETTE_TRY(number, whole_parameter(request, "page", 1, 1'000'000));
  VEDETTE_TRY(offset, whole_parameter(request, "offset", (number - 1) * limit,
                                      std::numeric_limits<int>::max()));
  struct Read {
    std::vector<imagery::Image> images;
    std::int64_t total = 0;
  };
  VEDETTE_TRY(read, services.core->database.read([&](db::Session& session) -> Result<Read> {
    Read all;
    VEDETTE_TRY(images, imagery::images_at(session, filter, order, limit, offset));
    all.images = std::move(images);
    VEDETTE_TRY(total, imagery::count_images(session, filter));
    all.total = total;
    return all;
  }));
  json::array items;
  for (const imagery::Image& image : read.images) items.push_back(image_record(image));
  const std::int64_t pages = (read.total + limit - 1) / limit;
  const std::int64_t page = offset / limit + 1;
  return answer(200, json::object{{"items", std::move(items)},
                                  {"pagination",
                                   {{"total", read.total},
                                    {"limit", limit},
                                    {"offset", offset},
                                    {"page", page},
                                    {"pages", pages},
                                    {"hasNext", offset + limit < read.total},
                                    {"hasPrev", offset > 0}}}});
}

// The original's plain list.
Answer plain_list(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(limit, whole_parameter(request, "limit", kPage, 10'000));
  VEDETTE_TRY(images, services.core->database.read([&](db::Session& session) {
    return imagery::images_at(session, {}, {}, limit, 0);
  }));
  json::array rows;
  for (const imagery::Image& image : images) rows.push_back(image_record(image));
  return answer(200, rows);
}

bool has_any(const http::Request& request, const Parameters& names) {
  return std::ranges::any_of(
      names, [&](const std::string& one) { return request.query(one).has_value(); });
}

// GET /api/images
Answer list(const ImageryServices& services, const http::Request& request) {
  const bool is_ours = has_any(request, kOursOnly);
  if (is_ours && has_any(request, kOriginalOnly)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} belong to pages by cursor, {} to pages by number: not both in one "
                            "request.",
                            fmt::join(kOursOnly, ", "), fmt::join(kOriginalOnly, ", ")),
                "cursor");
  }
  if (is_ours) return page_by_cursor(services, request);
  if (request.query("status") || has_any(request, kOriginalOnly)) {
    return page_by_number(services, request);
  }
  return plain_list(services, request);
}

Parameters all_list_parameters() {
  Parameters all{"limit", "status"};
  all.insert(all.end(), kOursOnly.begin(), kOursOnly.end());
  all.insert(all.end(), kOriginalOnly.begin(), kOriginalOnly.end());
  return all;
}

}  // namespace

void mount_image_list(http::Router& router,
                      const std::shared_ptr<const ImageryServices>& services) {
  router.get("/api/images", original_handler(services, all_list_parameters(), list));
}

}  // namespace vedette::api
