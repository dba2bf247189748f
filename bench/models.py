"""Well-known networks as ONNX files, with seeded random weights of which a share is zero: what the benchmark times.
   models.py OUT NAME-sNN...      e.g. models.py build/bench resnet50-s90 minilm_l6-s80   (NN: percent of zeros)

Zeros are unstructured, the smallest weights of each layer, in every convolution and matrix but the first convolution
and depthwise ones; what is left is scaled up so that activations keep their size. The answers mean nothing; the
shapes, the operators and the zeros are those of the real networks, and speed depends on nothing else.
"""
import math
import pathlib
import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save


class Network:
    """Grows a graph; every method adds nodes and returns the name of the value that they make."""

    def __init__(self, zeros):
        self.zeros, self.random = zeros, np.random.default_rng(7)
        self.nodes, self.weights, self.inputs = [], [], []

    def input(self, name, shape, dtype=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def constant(self, array, name=None):
        name = name or f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, op, *inputs, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def normal(self, shape, deviation, mean=0.0):
        return (mean + deviation * self.random.standard_normal(shape)).astype(np.float32)

    def pruned(self, shape, fan_in):
        w = self.normal(shape, math.sqrt(2 / fan_in))
        if self.zeros == 0:
            return w
        energy = np.square(w).sum()
        w[np.abs(w) <= np.quantile(np.abs(w), self.zeros)] = 0
        return w * np.sqrt(energy / np.square(w).sum())

    def conv(self, x, channels, filters, size, stride=1, group=1, prune=True, pad=None):
        shape, fan_in = (filters, channels // group, size, size), channels // group * size * size
        w = self.pruned(shape, fan_in) if prune else self.normal(shape, math.sqrt(2 / fan_in))
        pad = size // 2 if pad is None else pad
        return self.add("Conv", x, self.constant(w), self.constant(self.normal(filters, 0.02)),
                        kernel_shape=[size, size], strides=[stride] * 2, pads=[pad] * 4, group=group)

    def norm(self, x, channels, scale=1.0):
        scale, bias, mean = self.normal(channels, 0.1, 1) * np.float32(scale), self.normal(channels, 0.1), self.normal(channels, 0.05)
        variance = np.abs(self.normal(channels, 0.1, 1))
        return self.add("BatchNormalization", x, *map(self.constant, (scale, bias, mean, variance)))

    def gemm(self, x, inputs, outputs):
        weights = self.constant(self.pruned((outputs, inputs), inputs)), self.constant(self.normal(outputs, 0.02))
        return self.add("Gemm", x, *weights, transB=1)

    def linear(self, x, inputs, outputs):
        product = self.add("MatMul", x, self.constant(self.pruned((inputs, outputs), 2 * inputs)))
        return self.add("Add", product, self.constant(self.normal(outputs, 0.02)))

    def layer_norm(self, x, features):
        return self.add("LayerNormalization", x, self.constant(self.normal(features, 0.05, 1)),
                        self.constant(self.normal(features, 0.05)), epsilon=1e-6)

    def attention(self, x, features, heads, mask):
        width = features // heads
        split = self.constant(np.array([0, 0, heads, width]))
        q, k, v = (self.add("Reshape", self.linear(x, features, features), split) for _ in range(3))
        q, v = (self.add("Transpose", y, perm=[0, 2, 1, 3]) for y in (q, v))
        scores = self.add("MatMul", q, self.add("Transpose", k, perm=[0, 2, 3, 1]))
        scores = self.add("Div", scores, self.constant(np.float32(math.sqrt(width))))
        if mask:
            scores = self.add("Add", scores, mask)
        mixed = self.add("Transpose", self.add("MatMul", self.add("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        return self.linear(self.add("Reshape", mixed, self.constant(np.array([0, 0, features]))), features, features)

    def feed_forward(self, x, features, hidden):
        return self.linear(self.add("Gelu", self.linear(x, features, hidden)), hidden, features)

    def model(self, name, output, shape):
        value = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, name, self.inputs, [value], self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9, producer_name="tulle")
        checker.check_model(made)
        return made


def mlp1024(net):
    x = net.input("x", ["batch", 1024])
    for _ in range(4):
        x = net.add("Relu", net.gemm(x, 1024, 1024))
    return net.gemm(x, 1024, 1000)


def resnet50(net):  # He et al. 2015 (arXiv 1512.03385), stride in the 3 x 3
    def convolve(x, channels, filters, size, stride=1, prune=True, scale=1.0):
        return net.norm(net.conv(x, channels, filters, size, stride, prune=prune), filters, scale)

    x = net.add("Relu", convolve(net.input("x", ["batch", 3, 224, 224]), 3, 64, 7, 2, prune=False))
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if block == 0 and width > 64 else 1
            y = net.add("Relu", convolve(x, channels, width, 1))
            y = net.add("Relu", convolve(y, width, width, 3, stride))
            y = convolve(y, width, 4 * width, 1, scale=0.3)
            shortcut = convolve(x, channels, 4 * width, 1, stride) if block == 0 else x
            x, channels = net.add("Relu", net.add("Add", y, shortcut)), 4 * width
    return net.gemm(net.add("Flatten", net.add("GlobalAveragePool", x)), 2048, 1000)


def mobilenet_v2(net):  # Sandler et al. 2018 (arXiv 1801.04381)
    zero, six = net.constant(np.float32(0)), net.constant(np.float32(6))

    def convolve(x, channels, filters, size, stride=1, group=1, prune=True, clip=True):
        y = net.norm(net.conv(x, channels, filters, size, stride, group, prune), filters)
        return net.add("Clip", y, zero, six) if clip else y

    x, channels = convolve(net.input("x", ["batch", 3, 224, 224]), 3, 32, 3, 2, prune=False), 32
    for expand, width, blocks, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                         (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, inner = first if block == 0 else 1, expand * channels
            y = convolve(x, channels, inner, 1) if expand > 1 else x
            y = convolve(y, inner, inner, 3, stride, group=inner, prune=False)
            y = convolve(y, inner, width, 1, clip=False)
            x = net.add("Add", x, y) if stride == 1 and channels == width else y
            channels = width
    x = convolve(x, channels, 1280, 1)
    return net.gemm(net.add("Flatten", net.add("GlobalAveragePool", x)), 1280, 1000)


def bert(net, layers, features, heads, hidden, vocabulary=30522):  # Devlin et al. 2018 (arXiv 1810.04805)
    ids, mask, types = (net.input(name, ["batch", "tokens"], TensorProto.INT64)
                        for name in ("input_ids", "attention_mask", "token_type_ids"))
    words, kinds, places = (net.constant(net.normal((rows, features), 0.05)) for rows in (vocabulary, 2, 512))
    tokens = net.add("Shape", ids, start=1, end=2)
    zero, one = net.constant(np.array([0])), net.constant(np.array([1]))
    x = net.add("Add", net.add("Gather", words, ids), net.add("Gather", kinds, types))
    x = net.layer_norm(net.add("Add", x, net.add("Slice", places, zero, tokens, zero, one)), features)
    hide = net.add("Sub", net.constant(np.float32(1)), net.add("Cast", mask, to=TensorProto.FLOAT))
    hide = net.add("Mul", net.add("Unsqueeze", hide, net.constant(np.array([1, 2]))), net.constant(np.float32(-1e4)))
    for _ in range(layers):
        x = net.layer_norm(net.add("Add", net.attention(x, features, heads, hide), x), features)
        x = net.layer_norm(net.add("Add", net.feed_forward(x, features, hidden), x), features)
    return x


def vit_tiny(net, features=192, heads=3, layers=12):  # Touvron et al. 2020 (arXiv 2012.12877)
    x = net.conv(net.input("x", ["batch", 3, 224, 224]), 3, features, 16, 16, prune=False, pad=0)
    x = net.add("Transpose", net.add("Reshape", x, net.constant(np.array([0, features, 196]))), perm=[0, 2, 1])
    batch = net.add("Shape", x, start=0, end=1)
    shape = net.add("Concat", batch, net.constant(np.array([1, features])), axis=0)
    first = net.add("Expand", net.constant(net.normal((1, 1, features), 0.02)), shape)
    x = net.add("Add", net.add("Concat", first, x, axis=1), net.constant(net.normal((1, 197, features), 0.02)))
    for _ in range(layers):
        x = net.add("Add", x, net.attention(net.layer_norm(x, features), features, heads, None))
        x = net.add("Add", x, net.feed_forward(net.layer_norm(x, features), features, 4 * features))
    x = net.add("Gather", net.layer_norm(x, features), net.constant(np.array(0)), axis=1)
    return net.gemm(x, features, 1000)


NETWORKS = {
    "mlp1024": mlp1024, "resnet50": resnet50, "mobilenet_v2": mobilenet_v2, "vit_tiny": vit_tiny,
    "bert_mini": lambda net: bert(net, 4, 256, 4, 1024),
    "minilm_l6": lambda net: bert(net, 6, 384, 12, 1536),
}


def make(file):
    """Writes the network that the file's name says: resnet50-s90.onnx."""
    name, _, zeros = file.stem.rpartition("-s")
    if name not in NETWORKS or not zeros.isdigit():
        sys.exit(f"no network {file.stem}; there are {', '.join(NETWORKS)}, each followed by -sNN")
    net = Network(int(zeros) / 100)
    file.parent.mkdir(parents=True, exist_ok=True)
    output = NETWORKS[name](net)
    shape = ["batch", "tokens", None] if len(net.inputs) == 3 else ["batch", 1000]
    save(net.model(name, output, shape), file)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for argument in sys.argv[2:]:
        make(pathlib.Path(sys.argv[1]) / f"{argument}.onnx")
