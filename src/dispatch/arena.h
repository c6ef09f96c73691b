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
    static_assert(std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(allocate_bytes(count * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(first + i)) T();
    return first;
  }

  // `alignment`: a power of two.
  void* allocate_bytes(std::size_t bytes, std::size_t alignment) {
    for (;;) {
      if (block_ == blocks_.size()) {
        const std::size_t size = std::max(bytes + alignment, kBlockSize);
        blocks_.push_back({std::make_unique<std::byte[]>(size), size});
      }
      const Block& block = blocks_[block_];
      void* memory = block.bytes.get() + used_;
      std::size_t left = block.size - used_;
      if (std::align(alignment, bytes, memory, left) != nullptr) {
        used_ = block.size - left + bytes;
        return memory;
      }
      ++block_;
      used_ = 0;
    }
  }

 private:
  friend class CallArena;

  static constexpr std::size_t kBlockSize = 16384;

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

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
