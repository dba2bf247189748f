#include "ops/list.hpp"

namespace tulle::ops {
namespace {
const Operator* const kAll[] = {
    // activation.cpp
    &kCelu, &kElu, &kGelu, &kHardSigmoid, &kHardSwish, &kLeakyRelu, &kMish, &kPRelu, &kSelu, &kShrink,
    &kSwiGLU, &kSwish,
    &kThresholdedRelu,
    // along_axis.cpp
    &kArgMax, &kArgMin, &kCumProd, &kCumSum, &kReverseSequence, &kTopK,
    // arithmetic.cpp
    &kAdd, &kAnd, &kBitShift, &kBitwiseAnd, &kBitwiseOr, &kBitwiseXor, &kDiv, &kEqual, &kGreater,
    &kGreaterOrEqual, &kLess, &kLessOrEqual, &kMod, &kMul, &kOr, &kPow, &kSub, &kXor,
    // cast.cpp
    &kCast, &kCastLike, &kIsInf, &kIsNaN,
    // gather.cpp
    &kGather, &kGatherElements, &kGatherND,
    // generate.cpp
    &kBlackmanWindow, &kConstant, &kConstantOfShape, &kEyeLike, &kHammingWindow, &kHannWindow, &kOneHot,
    &kRange,
    // pad.cpp
    &kCenterCropPad, &kPad,
    // rearrange.cpp
    &kConcat, &kDepthToSpace, &kExpand, &kSpaceToDepth, &kSplit, &kTile, &kTranspose,
    // reduce.cpp
    &kReduceL1, &kReduceL2, &kReduceLogSum, &kReduceLogSumExp, &kReduceMax, &kReduceMean, &kReduceMin,
    &kReduceProd, &kReduceSum, &kReduceSumSquare,
    // scatter.cpp
    &kScatter, &kScatterElements, &kScatterND, &kTensorScatter,
    // select.cpp
    &kCompress, &kNonZero, &kTrilu, &kUnique,
    // shape.cpp
    &kBitCast, &kDropout, &kFlatten, &kIdentity, &kReshape, &kShape, &kSize, &kSqueeze, &kUnsqueeze,
    // slice.cpp
    &kSlice,
    // unary.cpp
    &kAbs, &kAcos, &kAcosh, &kAsin, &kAsinh, &kAtan, &kAtanh, &kBitwiseNot, &kCeil, &kCos, &kCosh, &kErf,
    &kExp, &kFloor, &kLog, &kNeg, &kNot, &kReciprocal, &kRelu, &kRound, &kSigmoid, &kSign, &kSin, &kSinh,
    &kSoftplus, &kSoftsign, &kSqrt, &kTan, &kTanh,
    // variadic.cpp
    &kClip, &kMax, &kMean, &kMin, &kSum, &kWhere,
    // activate.cpp, fused_attention.cpp
    &kFusedActivation, &kFusedAttention, &kFusedLinear,
    // conv.cpp
    &kConv, &kFusedConv,
    // gemm.cpp, matmul.cpp
    &kGemm, &kMatMul,
    // lstm.cpp
    &kFusedGRU, &kFusedLSTM, &kGRU, &kLSTM, &kRNN,
    // norm_batch.cpp, norm_layer.cpp
    &kBatchNormalization, &kGroupNormalization, &kInstanceNormalization, &kLayerNormalization,
    &kRMSNormalization,
    // pool.cpp
    &kAveragePool, &kGlobalAveragePool, &kGlobalLpPool, &kGlobalMaxPool, &kLpPool, &kMaxPool,
    // softmax.cpp
    &kHardmax, &kLogSoftmax, &kSoftmax,
    // resize.cpp
    &kResize, &kUpsample,
    // control.cpp
    &kIf, &kLoop, &kScan,
    // conv_transpose.cpp
    &kConvTranspose,
    // norm_other.cpp
    &kLRN, &kLpNormalization, &kMeanVarianceNormalization,
    // quantize.cpp
    &kDequantizeLinear, &kDynamicQuantizeLinear, &kQuantizeLinear,
    // quantized_products.cpp
    &kConvInteger, &kMatMulInteger, &kQLinearConv, &kQLinearMatMul,
    // einsum.cpp
    &kEinsum,
    // attention.cpp, rotary.cpp
    &kAttention, &kRotaryEmbedding,
    // grid_sample.cpp
    &kAffineGrid, &kGridSample,
    // detection.cpp
    &kNonMaxSuppression, &kRoiAlign,
    // unpool.cpp
    &kCol2Im, &kMaxUnpool,
    // determinant.cpp
    &kDet,
    // fourier.cpp
    &kDFT, &kSTFT,
    // loss.cpp
    &kNegativeLogLikelihoodLoss, &kSoftmaxCrossEntropyLoss,
};
}
std::span<const Operator* const> all() { return kAll; }
}  // namespace tulle::ops
