#pragma once
#include "ops/op.hpp"
// The only file that knows every operator: a new one is its file, its name here and its name in list.cpp.
namespace tulle::ops {
// activation.cpp
extern const Operator kCelu, kElu, kGelu, kHardSigmoid, kHardSwish, kLeakyRelu, kMish, kPRelu, kSelu, kShrink,
    kSwiGLU, kSwish, kThresholdedRelu;
// along_axis.cpp
extern const Operator kArgMax, kArgMin, kCumProd, kCumSum, kReverseSequence, kTopK;
// arithmetic.cpp
extern const Operator kAdd, kAnd, kBitShift, kBitwiseAnd, kBitwiseOr, kBitwiseXor, kDiv, kEqual, kGreater,
    kGreaterOrEqual, kLess, kLessOrEqual, kMod, kMul, kOr, kPow, kSub, kXor;
// cast.cpp
extern const Operator kCast, kCastLike, kIsInf, kIsNaN;
// gather.cpp
extern const Operator kGather, kGatherElements, kGatherND;
// generate.cpp
extern const Operator kBlackmanWindow, kConstant, kConstantOfShape, kEyeLike, kHammingWindow, kHannWindow,
    kOneHot, kRange;
// pad.cpp
extern const Operator kCenterCropPad, kPad;
// rearrange.cpp
extern const Operator kConcat, kDepthToSpace, kExpand, kSpaceToDepth, kSplit, kTile, kTranspose;
// reduce.cpp
extern const Operator kReduceL1, kReduceL2, kReduceLogSum, kReduceLogSumExp, kReduceMax, kReduceMean,
    kReduceMin, kReduceProd, kReduceSum, kReduceSumSquare;
// scatter.cpp
extern const Operator kScatter, kScatterElements, kScatterND, kTensorScatter;
// select.cpp
extern const Operator kCompress, kNonZero, kTrilu, kUnique;
// shape.cpp
extern const Operator kBitCast, kDropout, kFlatten, kIdentity, kReshape, kShape, kSize, kSqueeze, kUnsqueeze;
// slice.cpp
extern const Operator kSlice;
// unary.cpp
extern const Operator kAbs, kAcos, kAcosh, kAsin, kAsinh, kAtan, kAtanh, kBitwiseNot, kCeil, kCos, kCosh,
    kErf,
    kExp, kFloor, kLog, kNeg, kNot, kReciprocal, kRelu, kRound, kSigmoid, kSign, kSin, kSinh, kSoftplus,
    kSoftsign, kSqrt, kTan, kTanh;
// variadic.cpp
extern const Operator kClip, kMax, kMean, kMin, kSum, kWhere;
// activate.cpp, fused_attention.cpp
extern const Operator kFusedActivation, kFusedAttention, kFusedLinear;
// conv.cpp
extern const Operator kConv, kFusedConv;
// gemm.cpp, matmul.cpp
extern const Operator kGemm, kMatMul;
// lstm.cpp
extern const Operator kFusedGRU, kFusedLSTM, kGRU, kLSTM, kRNN;
// norm_batch.cpp, norm_layer.cpp
extern const Operator kBatchNormalization, kGroupNormalization, kInstanceNormalization, kLayerNormalization,
    kRMSNormalization;
// pool.cpp
extern const Operator kAveragePool, kGlobalAveragePool, kGlobalLpPool, kGlobalMaxPool, kLpPool, kMaxPool;
// softmax.cpp
extern const Operator kHardmax, kLogSoftmax, kSoftmax;
// resize.cpp
extern const Operator kResize, kUpsample;
// control.cpp
extern const Operator kIf, kLoop, kScan;
// conv_transpose.cpp
extern const Operator kConvTranspose;
// norm_other.cpp
extern const Operator kLRN, kLpNormalization, kMeanVarianceNormalization;
// quantize.cpp
extern const Operator kDequantizeLinear, kDynamicQuantizeLinear, kQuantizeLinear;
// quantized_products.cpp
extern const Operator kConvInteger, kMatMulInteger, kQLinearConv, kQLinearMatMul;
// einsum.cpp
extern const Operator kEinsum;
// attention.cpp, rotary.cpp
extern const Operator kAttention, kRotaryEmbedding;
// grid_sample.cpp
extern const Operator kAffineGrid, kGridSample;
// detection.cpp
extern const Operator kNonMaxSuppression, kRoiAlign;
// unpool.cpp
extern const Operator kCol2Im, kMaxUnpool;
// determinant.cpp
extern const Operator kDet;
// fourier.cpp
extern const Operator kDFT, kSTFT;
// loss.cpp
extern const Operator kNegativeLogLikelihoodLoss, kSoftmaxCrossEntropyLoss;
}  // namespace tulle::ops
