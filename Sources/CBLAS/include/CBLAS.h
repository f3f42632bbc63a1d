/// The matrix products that the statistics take from BLAS: Accelerate on macOS; elsewhere OpenBLAS, loaded when the first one is called.
///
/// Linked in, OpenBLAS would start its threads with every program, and these turn in a loop for their first 30 ms: a third of the time of a
/// command on a small recording, most of which take no product at all.
#ifndef MIRRORSCOPE_CBLAS_H
#define MIRRORSCOPE_CBLAS_H

#if defined(__APPLE__)

#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
/* Accelerate decides on its own threads. */
static inline void mirrorscope_blas_threads(int count) { (void)count; }

#else

#include <stdint.h>

// The standard interface of the C BLAS; hidden, so that it never stands in the way of the library's own.
#pragma GCC visibility push(hidden)

typedef enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 } CBLAS_ORDER;
typedef enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112 } CBLAS_TRANSPOSE;
typedef enum CBLAS_UPLO { CblasUpper = 121, CblasLower = 122 } CBLAS_UPLO;
typedef enum CBLAS_DIAG { CblasNonUnit = 131, CblasUnit = 132 } CBLAS_DIAG;
typedef enum CBLAS_SIDE { CblasLeft = 141, CblasRight = 142 } CBLAS_SIDE;

double cblas_ddot(int32_t n, const double *x, int32_t incx, const double *y, int32_t incy);
void cblas_daxpy(int32_t n, double alpha, const double *x, int32_t incx, double *y, int32_t incy);
void cblas_sgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transa, CBLAS_TRANSPOSE transb, int32_t m, int32_t n, int32_t k, float alpha, const float *a,
    int32_t lda, const float *b, int32_t ldb, float beta, float *c, int32_t ldc);
void cblas_dgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transa, CBLAS_TRANSPOSE transb, int32_t m, int32_t n, int32_t k, double alpha, const double *a,
    int32_t lda, const double *b, int32_t ldb, double beta, double *c, int32_t ldc);
void cblas_ssyrk(
    CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int32_t n, int32_t k, float alpha, const float *a, int32_t lda, float beta,
    float *c, int32_t ldc);
void cblas_dsyrk(
    CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int32_t n, int32_t k, double alpha, const double *a, int32_t lda,
    double beta, double *c, int32_t ldc);
void cblas_dtrsm(
    CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE transa, CBLAS_DIAG diag, int32_t m, int32_t n, double alpha,
    const double *a, int32_t lda, double *b, int32_t ldb);

/// How many threads a product may use. The statistics say 1 and share the work out themselves.
void mirrorscope_blas_threads(int count);

#pragma GCC visibility pop

#endif
#endif
