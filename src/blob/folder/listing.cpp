#include "blob/folder/listing.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "blob/checks.hpp"
#include "blob/folder/folder_error.hpp"
#include "blob/key.hpp"

namespace vedette::blob {
namespace {

// What one folder gives at a time; more of it is a further reading of that folder.
constexpr std::size_t kMostEntries = 4096;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

class Walk {
 public:
  Walk(const std::filesystem::path& folder, std::string_view prefix, std::string_view after,
       std::size_t most, const std::stop_token& stop)
      : folder_(folder), prefix_(prefix), after_(after), most_(most), stop_(stop) {}

  Result<void> visit(const std::string& inside);
  std::vector<std::string> keys() && { return std::move(keys_); }

 private:
  // Names in a folder, those of folders with a slash behind them: so they sort as their keys do.
  // `is_cut`: there are more after these.
  struct Entries {
    std::vector<std::string> names;
    bool is_cut = false;
  };
  Result<Entries> read(const std::string& inside, const std::string& after) const;
  bool is_wanted(const std::string& key) const;

  const std::filesystem::path& folder_;
  std::string_view prefix_;
  std::string_view after_;
  std::size_t most_;
  const std::stop_token& stop_;
  std::vector<std::string> keys_;
};

bool is_folder(DIR* parent, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
  struct stat info{};
  return ::fstatat(::dirfd(parent), entry.d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

// Whether a key that begins with `key` (of a folder), or the key itself, can be in the page.
bool Walk::is_wanted(const std::string& key) const {
  if (key.ends_with('/')) {
    const auto common = std::min(key.size(), prefix_.size());
    if (key.compare(0, common, prefix_.substr(0, common)) != 0) return false;
    // All of it lies before the cursor, unless the cursor lies in it.
    return key > after_ || after_.starts_with(key);
  }
  return key.starts_with(prefix_) && key > after_;
}

Result<Walk::Entries> Walk::read(const std::string& inside, const std::string& after) const {
  const auto path = folder_ / inside;
  const std::unique_ptr<DIR, CloseFolder> opened(::opendir(path.c_str()));
  if (!opened) {
    // Removed meanwhile, with all that was in it.
    if (errno == ENOENT || errno == ENOTDIR) return Entries{};
    return folder_error(folder_, "listing", errno);
  }
  Entries entries;
  auto& names = entries.names;  // a heap with the last of them on top
  while (true) {
    if (stop_.stop_requested()) return stopped();
    errno = 0;
    const dirent* entry = ::readdir(opened.get());
    if (entry == nullptr) {
      if (errno != 0) return folder_error(folder_, "listing", errno);
      break;
    }
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (is_folder(opened.get(), *entry)) name += '/';
    if (!after.empty() && name <= after) continue;
    const auto key = inside + name;
    if (!is_wanted(key)) continue;
    if (names.size() == kMostEntries && name >= names.front()) {
      entries.is_cut = true;
      continue;
    }
    if (!check_key(name.ends_with('/') ? std::string_view(key).substr(0, key.size() - 1) : key)) {
      continue;
    }
    if (names.size() == kMostEntries) {
      entries.is_cut = true;
      std::ranges::pop_heap(names);
      names.pop_back();
    }
    names.push_back(std::move(name));
    std::ranges::push_heap(names);
  }
  std::ranges::sort_heap(names);
  return entries;
}

Result<void> Walk::visit(const std::string& inside) {
  std::string after;
  while (true) {
    VEDETTE_TRY(entries, read(inside, after));
    for (const auto& name : entries.names) {
      if (name.ends_with('/')) {
        VEDETTE_CHECK(visit(inside + name));
      } else {
        keys_.push_back(inside + name);
      }
      if (keys_.size() >= most_) return {};
    }
    if (!entries.is_cut) return {};
    after = entries.names.back();
  }
}

}  // namespace

Result<std::vector<std::string>> list_folder(const std::filesystem::path& folder,
                                             std::string_view prefix, std::string_view after,
                                             std::size_t most, const std::stop_token& stop) {
  Walk walk(folder, prefix, after, most, stop);
  const auto slash = prefix.rfind('/');
  const auto start =
      slash == std::string_view::npos ? std::string_view{} : prefix.substr(0, slash + 1);
  VEDETTE_CHECK(walk.visit(std::string(start)));
  return std::move(walk).keys();
}

}  // namespace vedette::blob
