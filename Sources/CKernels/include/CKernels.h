/// The loops that are compiled once per instruction set. Plain C over buffers; nothing here allocates, prints or keeps state.
#ifndef MIRRORSCOPE_CKERNELS_H
#define MIRRORSCOPE_CKERNELS_H

#include "DenseKernels.h"
#include "cluster_sums.h"
#include "fletcher.h"
#include "index_scores.h"
#include "label_lanes.h"
#include "label_sums.h"
#include "literal_deflate.h"
#include "literal_inflate.h"
#include "moments.h"
#include "widen_float16.h"

#endif
