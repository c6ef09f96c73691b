// Arena: memory for what a call is described by, given back all at once when the call is over. Reused, so a warm call allocates
// nothing.
#ifndef TORCHTALLY_SRC_DISPATCH_ARENA_H_
#define TORCHTALLY_SRC_DISPATCH_ARENA_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace torchtally::dispatch {

// A stack of blocks: calls nest (an operator without a verdict runs with the key included), so memory goes back in reverse order.
class Arena {
 public:
  // This thread's.
  static Arena& local();

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Default-constructed elements.
  template <typename T>
  T* allocate(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
    T* first = static_cast<T*>(allocate_bytes(count * sizeof(T)));
    for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(first + i)) T();
    return first;
  }

  // `alignment`: a power of two.
  void* allocate_bytes(std::size_t bytes, std::size_t alignment) {
    void* memory = allocate_bytes(bytes + alignment);
    std::size_t space = bytes + alignment;
    return std::align(alignment, bytes, memory, space);
  }

 private:
  friend class CallArena;

  static constexpr std::size_t kAlignment = alignof(std::max_align_t);
  static constexpr std::size_t kBlockSize = 16384;

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  void* allocate_bytes(std::size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      const std::size_t size = std::max(bytes, kBlockSize);
      blocks_.push_back({std::make_unique<std::byte[]>(size), size});
    }
    void* memory = blocks_[block_].bytes.get() + used_;
    used_ += bytes;
    return memory;
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

// What one call takes from the thread's arena: nothing, most often. Gives it back on destruction.
class CallArena {
 public:
  CallArena() = default;
  CallArena(const CallArena&) = delete;
  CallArena& operator=(const CallArena&) = delete;
  ~CallArena() {
    if (arena_ == nullptr) return;
    arena_->block_ = block_;
    arena_->used_ = used_;
  }

  template <typename T>
  T* allocate(std::size_t count) {
    if (arena_ == nullptr) {
      arena_ = &Arena::local();
      block_ = arena_->block_;
      used_ = arena_->used_;
    }
    return arena_->allocate<T>(count);
  }

 private:
  Arena* arena_ = nullptr;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_ARENA_H_
