// TORCHTALLY_API marks what the shared library offers; everything else stays hidden in it.
#ifndef TORCHTALLY_EXPORT_H_
#define TORCHTALLY_EXPORT_H_

#define TORCHTALLY_API [[gnu::visibility("default")]]

#endif  // TORCHTALLY_EXPORT_H_
