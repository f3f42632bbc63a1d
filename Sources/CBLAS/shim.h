#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
/* Accelerate decides on its own threads. */
static inline void mirrorscope_blas_threads(int count) { (void)count; }
#else
#include <cblas.h>
static inline void mirrorscope_blas_threads(int count) { openblas_set_num_threads(count); }
#endif
