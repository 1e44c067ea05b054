"""A detection model that takes long on any processor: matrices multiplied for nothing, and a box too unsure to be used."""
import pathlib
import struct

SIDE = 1536        # of the matrices
MULTIPLIED = 16    # times: 116 thousand million operations a picture, on one thread
SIDECAR = """name = "Heavy"
layout = "ssd-detections"
[input]
width = 512
height = 512
order = "nchw"
colours = "bgr"
fit = "stretch"
[labels]
names = ["background", "car"]
[labels.types]
car = "car"
"""


def write_heavy_model(folder: pathlib.Path) -> pathlib.Path:
    """Writes heavy.xml (OpenVINO IR), its numbers and its sidecar; the path of the first."""
    constants, layers, edges = b"", [], []

    def port(number: int, precision: str, shape) -> str:
        return f'<port id="{number}" precision="{precision}">' + "".join(f"<dim>{size}</dim>" for size in shape) + "</port>"

    def add(kind: str, data: str, inputs: list[tuple[int, str, tuple]], precision: str | None, shape: tuple = ()) -> int:
        """A layer and the edges to it from `inputs` (layer, precision, shape); its number."""
        number = len(layers)
        into = "".join(port(i, given, size) for i, (_, given, size) in enumerate(inputs))
        out = port(len(inputs), precision, shape) if precision else ""
        layers.append(f'<layer id="{number}" name="{kind}{number}" type="{kind}" version="opset1">{data}'
                      + (f"<input>{into}</input>" if into else "") + (f"<output>{out}</output>" if out else "") + "</layer>")
        edges.extend(f'<edge from-layer="{source}" from-port="{outputs[source]}" to-layer="{number}" to-port="{i}"/>' for i, (source, _, _) in enumerate(inputs))
        outputs.append(len(inputs))
        return number

    def constant(kind: str, precision: str, packed: bytes, shape: tuple) -> int:
        nonlocal constants
        offset = len(constants)
        constants += packed
        sizes = ",".join(map(str, shape))
        return add("Const", f'<data element_type="{kind}" shape="{sizes}" offset="{offset}" size="{len(packed)}"/>', [], precision, shape)

    outputs: list[int] = []  # the number of each layer's output port
    image, square = (1, 3, 512, 512), (SIDE, SIDE)
    picture = add("Parameter", '<data shape="1,3,512,512" element_type="f32"/>', [], "FP32", image)
    flat = (SIDE, 512)
    size = constant("i64", "I64", struct.pack("<2q", *flat), (2,))
    rows = add("Reshape", '<data special_zero="false"/>', [(picture, "FP32", image), (size, "I64", (2,))], "FP32", flat)
    matrix = add("MatMul", '<data transpose_a="false" transpose_b="true"/>', [(rows, "FP32", flat), (rows, "FP32", flat)], "FP32", square)
    for _ in range(MULTIPLIED):
        bounded = add("Clamp", '<data min="-1" max="1"/>', [(matrix, "FP32", square)], "FP32", square)
        matrix = add("MatMul", '<data transpose_a="false" transpose_b="false"/>', [(bounded, "FP32", square), (bounded, "FP32", square)], "FP32", square)
    bounded = add("Clamp", '<data min="-1" max="1"/>', [(matrix, "FP32", square)], "FP32", square)
    axes = constant("i64", "I64", struct.pack("<2q", 0, 1), (2,))
    most = add("ReduceMax", '<data keep_dims="true"/>', [(bounded, "FP32", square), (axes, "I64", (2,))], "FP32", (1, 1))
    little = constant("f32", "FP32", struct.pack("<f", 1e-6), (1, 1))
    nearly = add("Multiply", '<data auto_broadcast="numpy"/>', [(most, "FP32", (1, 1)), (little, "FP32", (1, 1))], "FP32", (1, 1))
    row = (1, 1, 1, 7)  # picture, class, score, corners
    box = constant("f32", "FP32", struct.pack("<7f", 0, 1, 0.01, 0.1, 0.1, 0.2, 0.2), row)
    boxes = add("Add", '<data auto_broadcast="numpy"/>', [(nearly, "FP32", (1, 1)), (box, "FP32", row)], "FP32", row)
    add("Result", "", [(boxes, "FP32", row)], None)

    path = folder / "heavy.xml"
    path.write_text(f'<?xml version="1.0"?><net name="heavy" version="11"><layers>{"".join(layers)}</layers><edges>{"".join(edges)}</edges></net>')
    path.with_suffix(".bin").write_bytes(constants)
    path.with_name("heavy.xml.toml").write_text(SIDECAR)
    return path
