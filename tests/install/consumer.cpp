// A program of someone else's: counts a matrix product and prints its multiply-accumulates.
#include <ATen/Functions.h>
#include <torchtally/torchtally.h>

#include <iostream>

int main() {
  const torchtally::CountingGuard guard;
  const at::Tensor product = at::mm(at::ones({2, 3}), at::ones({3, 5}));
  const torchtally::Tally tally = guard.tally();
  std::cout << torchtally::to_table(tally) << "macs " << tally.total().macs << '\n';
  return product.defined() ? 0 : 1;
}
