#!/usr/bin/env python3
"""Expected boxes for decoders_test.cpp, computed with NumPy, independently of the C++ code.

Usage: make_oracles.py > oracles.txt
Inputs are made of a small generator that the test repeats, so that only results are kept:
lines "CASE NAME" followed by "x1 y1 x2 y2 score class" for each box, best score first.
"""
import numpy as np


def numbers(seed, count):
    """A linear congruential generator (Numerical Recipes), as numbers from 0 to 1."""
    out, state = np.empty(count), seed
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        out[i] = state / 2**32
    return out


def suppress(boxes, iou, covered, per_class):
    boxes = sorted(boxes, key=lambda b: (-b[4], b[1], b[0], b[3], b[2], b[5]))
    kept = []
    for b in boxes:
        area = (b[2] - b[0]) * (b[3] - b[1])
        for k in kept:
            if per_class and k[5] != b[5]:
                continue
            w, h = min(b[2], k[2]) - max(b[0], k[0]), min(b[3], k[3]) - max(b[1], k[1])
            if w <= 0 or h <= 0:
                continue
            other = (k[2] - k[0]) * (k[3] - k[1])
            if w * h > iou * (area + other - w * h) or (covered < 1 and w * h > covered * min(area, other)):
                break
        else:
            kept.append(b)
    return kept


def show(name, boxes):
    print("CASE", name)
    for b in boxes:
        print(*(f"{v:.5f}" for v in b[:5]), int(b[5]))


def clip(box, width, height):
    x1, y1, x2, y2 = (min(max(v, 0), m) for v, m in zip(box, (width, height, width, height)))
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def yolox(seed, size, classes, wanted, threshold, width, height):
    cells = [(x, y, s) for s in (8, 16, 32) for y in range(size // s) for x in range(size // s)]
    raw = numbers(seed, len(cells) * (5 + classes)).reshape(len(cells), 5 + classes).astype(np.float32)
    scale = min(size / width, size / height)
    found = []
    for (x, y, s), row in zip(cells, raw.astype(np.float64)):
        best = int(np.argmax(row[5:]))
        score = row[4] * row[5 + best]
        if score < threshold or best not in wanted:
            continue
        cx, cy = (row[0] + x) * s, (row[1] + y) * s
        w, h = np.exp(row[2]) * s, np.exp(row[3]) * s
        box = clip([v / scale for v in (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)], width, height)
        if box:
            found.append((*box, score, best))
    return found


def ssd_detections(seed, count, classes, threshold, width, height):
    raw = numbers(seed, count * 5).reshape(count, 5).astype(np.float32).astype(np.float64)
    found = []
    for cls, score, x, y, side in raw:
        box = clip([x * width, y * height, (x + side / 4) * width, (y + side / 3) * height], width, height)
        if score >= threshold and box:
            found.append((*box, score, int(cls * classes)))
    return found


def ssd_raw(seed, count, classes, wanted, threshold, width, height):
    raw = numbers(seed, count * 4).reshape(count, 4).astype(np.float32).astype(np.float64)
    scores = numbers(seed + 1, count * classes).reshape(count, classes).astype(np.float32).astype(np.float64)
    found = []
    for (y, x, h, w), row in zip(raw, scores):
        best = max(wanted, key=lambda c: row[c])
        box = clip([x * width, y * height, (x + w / 4) * width, (y + h / 3) * height], width, height)
        if row[best] >= threshold and box:
            found.append((*box, row[best], best))
    return found


found = yolox(7, 64, 3, {0, 2}, 0.45, 160, 120)
show("yolox", suppress(found, 2, 2, False))
show("yolox-agnostic", suppress(found, 0.1, 1, False))
show("yolox-covered", suppress(found, 0.45, 0.6, False))
show("yolox-per-class", suppress(found, 0.1, 1, True))
show("ssd-detections", suppress(ssd_detections(11, 40, 3, 0.3, 320, 240), 2, 2, False))
show("ssd-raw", suppress(ssd_raw(13, 60, 5, [1, 3], 0.6, 320, 240), 0.2, 1, False))
