#include "CBLAS.h"

#if !defined(__APPLE__)

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static __typeof__(cblas_ddot) *ddot;
static __typeof__(cblas_daxpy) *daxpy;
static __typeof__(cblas_sgemm) *sgemm;
static __typeof__(cblas_dgemm) *dgemm;
static __typeof__(cblas_ssyrk) *ssyrk;
static __typeof__(cblas_dsyrk) *dsyrk;
static __typeof__(cblas_dtrsm) *dtrsm;
static __typeof__(mirrorscope_blas_threads) *set_threads;

// Where a library that is linked in is missing, the program does not start either.
static void *found(void *what) {
  if (what) return what;
  fprintf(stderr, "error: OpenBLAS cannot be loaded: %s. Install it (Debian: libopenblas0).\n", dlerror());
  exit(1);
}

static void load(void) {
  void *library = found(dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL));
  ddot = (__typeof__(ddot))found(dlsym(library, "cblas_ddot"));
  daxpy = (__typeof__(daxpy))found(dlsym(library, "cblas_daxpy"));
  sgemm = (__typeof__(sgemm))found(dlsym(library, "cblas_sgemm"));
  dgemm = (__typeof__(dgemm))found(dlsym(library, "cblas_dgemm"));
  ssyrk = (__typeof__(ssyrk))found(dlsym(library, "cblas_ssyrk"));
  dsyrk = (__typeof__(dsyrk))found(dlsym(library, "cblas_dsyrk"));
  dtrsm = (__typeof__(dtrsm))found(dlsym(library, "cblas_dtrsm"));
  set_threads = (__typeof__(set_threads))found(dlsym(library, "openblas_set_num_threads"));
}

static void load_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
}

// Before any thread runs: OpenBLAS reads this when it is loaded and then starts no threads. What the user has set stays.
__attribute__((constructor)) static void want_one_thread(void) { setenv("OPENBLAS_NUM_THREADS", "1", 0); }

double cblas_ddot(int32_t n, const double *x, int32_t incx, const double *y, int32_t incy) {
  load_once();
  return ddot(n, x, incx, y, incy);
}

void cblas_daxpy(int32_t n, double alpha, const double *x, int32_t incx, double *y, int32_t incy) {
  load_once();
  daxpy(n, alpha, x, incx, y, incy);
}

void cblas_sgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transa, CBLAS_TRANSPOSE transb, int32_t m, int32_t n, int32_t k, float alpha, const float *a,
    int32_t lda, const float *b, int32_t ldb, float beta, float *c, int32_t ldc) {
  load_once();
  sgemm(order, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cblas_dgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transa, CBLAS_TRANSPOSE transb, int32_t m, int32_t n, int32_t k, double alpha, const double *a,
    int32_t lda, const double *b, int32_t ldb, double beta, double *c, int32_t ldc) {
  load_once();
  dgemm(order, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cblas_ssyrk(
    CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int32_t n, int32_t k, float alpha, const float *a, int32_t lda, float beta,
    float *c, int32_t ldc) {
  load_once();
  ssyrk(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
}

void cblas_dsyrk(
    CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int32_t n, int32_t k, double alpha, const double *a, int32_t lda,
    double beta, double *c, int32_t ldc) {
  load_once();
  dsyrk(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
}

void cblas_dtrsm(
    CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE transa, CBLAS_DIAG diag, int32_t m, int32_t n, double alpha,
    const double *a, int32_t lda, double *b, int32_t ldb) {
  load_once();
  dtrsm(order, side, uplo, transa, diag, m, n, alpha, a, lda, b, ldb);
}

void mirrorscope_blas_threads(int count) {
  load_once();
  set_threads(count);
}

#endif
