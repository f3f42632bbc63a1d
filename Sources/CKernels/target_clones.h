#ifndef MIRRORSCOPE_TARGET_CLONES_H
#define MIRRORSCOPE_TARGET_CLONES_H

// One body, three instruction sets; the loader picks when the program starts. No compiler flag is needed, so the package stays usable as a
// dependency. Other platforms get their baseline.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The loader picks before the sanitizer has begun, which is called from what picks: the program would crash before its first line.
#define PER_INSTRUCTION_SET
#endif
#endif
#if !defined(PER_INSTRUCTION_SET) && defined(__x86_64__) && defined(__linux__) && defined(__has_attribute)
#if __has_attribute(target_clones)
#define PER_INSTRUCTION_SET __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef PER_INSTRUCTION_SET
#define PER_INSTRUCTION_SET
#endif

#endif
