#include "imagery/image_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "db/where.hpp"

namespace vedette::imagery {
namespace {

// For LIKE ... ESCAPE '\'.
std::string like_pattern(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

db::Where where_of(const ImageFilter& filter, db::Dialect dialect) {
  db::Where where;
  where.add("i.capture_of IS NULL");  // what is a file of another is shown with it
  where.any_of("i.processing_status", filter.statuses);
  where.any_of("i.mission_id", filter.missions);
  if (!filter.search.empty()) {
    const std::string text = where.param(like_pattern(filter.search));
    const std::string_view like = dialect == db::Dialect::kPostgres ? "ILIKE" : "LIKE";
    where.add(
        fmt::format("(coalesce(i.original_name, '') {0} {1} ESCAPE '\\' OR i.filename {0} "
                    "{1} ESCAPE '\\' OR coalesce(a.summary, '') {0} {1} ESCAPE '\\')",
                    like, text));
  }
  if (filter.has_analysis) {
    where.add(*filter.has_analysis ? "a.image_id IS NOT NULL" : "a.image_id IS NULL");
  }
  if (filter.has_position) {
    where.add(*filter.has_position ? "g.image_id IS NOT NULL" : "g.image_id IS NULL");
  }
  if (filter.min_health) {
    where.add(fmt::format("a.health_score >= {}", where.param(*filter.min_health)));
  }
  if (filter.max_health) {
    where.add(fmt::format("a.health_score <= {}", where.param(*filter.max_health)));
  }
  if (!filter.health_status.empty()) {
    where.add(fmt::format("a.health_status = {}", where.param(filter.health_status)));
  }
  return where;
}

std::string_view order_column(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kColumns{
      {{"uploaded_at", "i.uploaded_at"},
       {"processed_at", "i.processed_at"},
       {"health_score", "a.health_score"},
       {"ndvi_mean", "a.ndvi_mean"},
       {"filename", "i.filename"}}};
  for (const auto& [known, column] : kColumns) {
    if (known == name) return column;
  }
  return "i.uploaded_at";
}

Result<std::vector<Image>> read(db::Session& session, const db::Where& where,
                                std::string_view tail) {
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} {}{} {}", image_columns(), image_tables(),
                                              where.text(), tail),
                                  where.values()));
  std::vector<Image> all;
  all.reserve(rows.size());
  for (const db::Row row : rows) all.push_back(image_from(row));
  return all;
}

}  // namespace

void StatusCounts::add(std::string_view status, std::int64_t count) {
  switch (image_status_named(status).value_or(ImageStatus::kUploaded)) {
    case ImageStatus::kUploaded:
      uploaded += count;
      break;
    case ImageStatus::kProcessing:
      processing += count;
      break;
    case ImageStatus::kCompleted:
      completed += count;
      break;
    case ImageStatus::kFailed:
      failed += count;
      break;
  }
}

Result<ImagePage> images(db::Session& session, const ImageFilter& filter, int limit,
                         const std::optional<ImagePlace>& after) {
  limit = std::clamp(limit, 1, 1'000);
  db::Where where = where_of(filter, session.dialect());
  if (after) {
    const std::string at = where.param(after->uploaded_at);
    where.add(fmt::format("(i.uploaded_at, i.id) < ({}, {})", at, where.param(after->id)));
  }
  VEDETTE_TRY(found,
              read(session, where,
                   fmt::format("ORDER BY i.uploaded_at DESC, i.id DESC LIMIT {}", limit + 1)));
  ImagePage page{.images = std::move(found), .has_more = false};
  if (page.images.size() > static_cast<std::size_t>(limit)) {
    page.images.pop_back();
    page.has_more = true;
  }
  return page;
}

Result<std::vector<Image>> images_at(db::Session& session, const ImageFilter& filter,
                                     const ImageOrder& order, int limit, std::int64_t offset) {
  const std::string_view direction = order.is_descending ? "DESC" : "ASC";
  return read(session, where_of(filter, session.dialect()),
              fmt::format("ORDER BY {} {} NULLS LAST, i.id {} LIMIT {} OFFSET {}",
                          order_column(order.column), direction, direction,
                          std::clamp(limit, 1, 10'000), std::max<std::int64_t>(offset, 0)));
}

Result<std::int64_t> count_images(db::Session& session, const ImageFilter& filter) {
  const db::Where where = where_of(filter, session.dialect());
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT count(*) {}{}", image_tables(), where.text()),
                                  where.values()));
  return rows.scalar<std::int64_t>();
}

Result<StatusCounts> count_by_status(db::Session& session,
                                     const std::optional<std::string>& mission) {
  db::Where where;
  where.add("capture_of IS NULL");
  if (mission) where.add(fmt::format("mission_id = {}", where.param(*mission)));
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT processing_status, count(*) FROM images{} "
                                              "GROUP BY processing_status",
                                              where.text()),
                                  where.values()));
  StatusCounts counts;
  for (const db::Row row : rows) {
    counts.add(row.get<std::optional<std::string>>(0).value_or(std::string()),
               row.get<std::int64_t>(1));
  }
  return counts;
}

}  // namespace vedette::imagery
