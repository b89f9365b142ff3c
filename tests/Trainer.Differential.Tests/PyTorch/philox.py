"""Philox 4x32-10 (Salmon and others, SC 2011) and what a job draws with it, written from the documents alone: the order of an epoch, the validation
split, the masks of dropout."""
import numpy as np

MASK = np.uint64(0xFFFFFFFF)
EPOCH_ORDER, DROPOUT, VALIDATION_SPLIT = 2, 3, 4


def block(key, c0, c1, c2, c3):
    """The four words of each counter: arrays of any one shape."""
    c0, c1, c2, c3 = (np.asarray(c, np.uint64) for c in np.broadcast_arrays(c0, c1, c2, c3))
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & MASK, (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def words(key, stream, purpose):
    """The words of counters (0, 0, stream, purpose), (1, 0, stream, purpose), ... one after another."""
    counter = 0
    while True:
        yield from (int(word) for word in block(key, counter, 0, stream, purpose))
        counter += 1


def below(source, end):
    """A whole number in [0, end): Lemire, "Fast random integer generation in an interval", 2019, algorithm 5."""
    product = next(source) * end
    while (product & 0xFFFFFFFF) < (2 ** 32 - end) % end:
        product = next(source) * end
    return product >> 32


def permutation(count, key, stream, purpose):
    """Fisher and Yates's shuffle from the last place down."""
    order, source = list(range(count)), words(key, stream, purpose)
    for i in range(count - 1, 0, -1):
        j = below(source, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def kept(key, layer, step, positions, elements, p):
    """Which elements of the samples at some positions of the batch dropout keeps: (positions, elements), True or False."""
    element = np.arange(elements)[None, :]
    four = np.stack(block(key, element // 4, np.asarray(positions)[:, None], step, layer * 256 + DROPOUT))
    word = np.take_along_axis(four, np.broadcast_to(element % 4, four.shape[1:])[None], 0)[0]
    return word >= np.uint64(round(p * 2 ** 32))
