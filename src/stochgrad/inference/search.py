"""The search for the scale: a table of transitions, and one handler for each mode.

Each point has a mode and a scale (h = 2^scale). A handler takes values at that scale and names
what it sees, an event; the table says what comes next. Points in the same mode go together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints
from .evidence import agrees, has_value, is_clean, is_explained, is_noisier
from .model import Fit, fit, straighten
from .sampler import as_block, blocks, rms
from .scales import E, Event, M, Mode, Scales

TRANSITIONS: dict[tuple[Mode, Event], tuple[Mode, str]] = {
    # The first scale: rounding alone, or noise whose scale is not known yet.
    (M.START, E.CLEAN): (M.UP, "wider"),
    (M.START, E.NOISY): (M.LOCAL_NOISE, "top"),
    (M.START, E.UNDEFINED): (M.DOWN, "narrower"),
    (M.START, E.SIDED): (M.EDGE, "bottom"),
    # Values on one side alone: is x itself at the end of the domain?
    (M.EDGE, E.TAKEN): (M.UP, "wider"),
    (M.EDGE, E.SIDED): (M.DONE, "stay"),
    (M.EDGE, E.UNDEFINED): (M.DONE, "stay"),
    # The widest scale may have no more noise than this one.
    (M.LOCAL_NOISE, E.NOISY): (M.PROBE, "bottom"),
    # The narrowest: noise is the same at all scales, misfit is not.
    (M.PROBE, E.QUIETER): (M.DOWN, "narrower"),
    (M.PROBE, E.SAME): (M.UP, "wider"),
    (M.PROBE, E.SHAPE): (M.DONE, "stay"),
    # Narrower until the noise no longer falls.
    (M.DOWN, E.CLEAN): (M.UP, "wider"),
    (M.DOWN, E.SAME): (M.UP, "wider"),
    (M.DOWN, E.QUIETER): (M.DOWN, "narrower"),
    (M.DOWN, E.UNDEFINED): (M.DOWN, "narrower"),
    (M.DOWN, E.LOWEST): (M.DONE, "stay"),
    (M.DOWN, E.SHAPE): (M.DONE, "stay"),
    # Wider while the interval gets narrower and no evidence is against it.
    (M.UP, E.TAKEN): (M.UP, "wider"),
    (M.UP, E.REFUSED): (M.UP, "wider"),
    (M.UP, E.SHAPE): (M.DONE, "stay"),
    (M.FEEL, E.FELT): (M.UP, "wider"),
    # Nothing wider is left: is the noise that of the narrowest scale, too?
    (M.VERIFY, E.FELT): (M.DONE, "settle"),
    (M.ANEW, E.TAKEN): (M.UP, "wider"),
    (M.ANEW, E.UNDEFINED): (M.DONE, "stay"),
    # Does the widest scale contradict?
    (M.TOP, E.TAKEN): (M.DONE, "stay"),
}
"""(mode, event) -> (next mode, rule for the next scale). A rule may end the search."""


class Search(Scales):
    """Handlers: what is seen in each mode."""

    def run(self) -> None:
        """Search until every point is done."""
        modes = [M.START]
        while modes:
            for mode in modes:
                for i in blocks(np.flatnonzero(self.mode == mode)):
                    self._advance(mode, i)
            modes = [Mode(int(m)) for m in np.flatnonzero(np.bincount(self.mode)) if m != M.DONE]

    def _advance(self, mode: Mode, i: Ints) -> None:
        """Take values at points in a mode, and go on."""
        check = mode in (M.LOCAL_NOISE, M.PROBE, M.FEEL, M.VERIFY)
        rich = self.left(i) - (mode != M.START) >= (by.CHECK if check else self.nodes)
        self.mode[i[~rich]] = M.DONE
        self.cut[i[~rich]] = mode in (M.LOCAL_NOISE, M.PROBE, M.DOWN, M.VERIFY)
        i = i[rich]
        if not len(i):
            return
        events = getattr(self, f"_{mode.name.lower()}")(i)
        seen = [Event(int(event)) for event in np.flatnonzero(np.bincount(events))]
        for next_ in {TRANSITIONS[mode, event] for event in seen}:
            to = [event for event in seen if TRANSITIONS[mode, event] == next_]
            self.go(i if to == seen else i[np.isin(events, to)], *next_)

    # Values at a scale

    def _values(self, i: Ints, design: Design) -> tuple[Any, ...]:
        """Return what a fit takes: design, values, slips, half-widths, sampler, points, noise."""
        h, columns = np.ldexp(1.0, self.ask[i]), self.columns[i]
        offsets = design.offsets(design.nodes[:, None], h)
        y, slips = self.sampler(columns, offsets)
        return design, y, slips, h, self.sampler, columns, self.sampler.noise(columns, offsets)

    def _visit(self, i: Ints) -> tuple[Fit, Bools]:
        """Return the fits at the scale asked for, and at which points a shape at x is seen."""
        values = self._values(i, self.design)
        new, c = fit(*values)
        self.seen = values[1:3]
        rough = np.flatnonzero(new.finite & ~is_clean(new))
        if len(rough) and not self.design.side:
            at, terms = i[rough], self.t.degrees[new.index[rough]] + 2
            floor = self.sampler.floor(self.columns[i], new.size, values[-1])[rough]
            c = c.take(rough, axis=1)
            self.shaped[at] |= self.shapes.add(
                at, self.design, c, terms, self.ask[at], floor, False
            )
        return new, self.shaped[i]

    def _check(self, i: Ints, degree: int) -> tuple[Floats, Floats, Floats]:
        """Return the noise variance about a polynomial, the size of f, and the coefficients."""
        design, y, slips, h, _, columns, noise = self._values(i, self.small)
        c = design.project @ design.centered(straighten(design, y, slips, h))
        size = rms(y)
        rest = (c[degree + 1 :] ** 2).sum(0) / (len(y) - 1 - degree)
        return np.maximum(rest, self.sampler.floor(columns, size, noise) ** 2), size, c

    def _take(self, i: Ints, which: Bools, new: Fit) -> None:
        at = np.flatnonzero(which)
        if len(at):
            to = as_block(i[at])
            self.scale[to], self.have[to] = self.ask[to], True
            y, slips = self.seen
            if len(at) < len(i):
                new, y, slips = new.part(at), y.take(at, axis=1), slips.take(at, axis=1)
            self.now.put(to, new)
            self.y[:, to], self.slips[:, to] = y, slips

    def _note_other(self, i: Ints, where: Bools, slope: Floats, error: Floats) -> None:
        self.other[:, i[where]] = np.stack([slope, error, np.ldexp(1.0, self.ask[i])])[:, where]

    # Handlers: what is seen in each mode

    def _start(self, i: Ints) -> Ints:
        new, _ = self._visit(i)
        self._take(i, new.finite, new)
        self._see_edge(i, new)
        seen = np.where(is_clean(new), E.CLEAN, E.NOISY)
        return np.where(new.finite, seen, np.where(self._sided() != 0, E.SIDED, E.UNDEFINED))

    def _edge(self, i: Ints) -> Ints:
        new, _ = self._visit(i)
        self._take(i, new.finite, new)
        self.edge[i] = np.where(new.finite, 0, self._sided())
        seen = np.where(self.edge[i] != 0, E.SIDED, E.UNDEFINED)
        return np.where(new.finite, E.TAKEN, seen)

    def _sided(self) -> Ints:
        """Return the only side on which f has values, 0 if there is none."""
        y = self.seen[0]
        good, right = np.isfinite(y), self.design.nodes[:, None] > 0
        all_right, all_left = (good == right).all(0), (good != right).all(0)
        return np.asarray(all_right.astype(int) - all_left) * (self.design.side == 0)

    def _see_edge(self, i: Ints, new: Fit) -> None:
        """Note the nearest node without a value: the domain may end there."""
        lost = np.flatnonzero(~new.finite)
        if len(lost):
            i, y = i[lost], self.seen[0].take(lost, axis=1)
            bad = ~np.isfinite(y)
            u = np.broadcast_to(np.abs(self.design.nodes[:, None]), y.shape)
            near = np.where(bad, u, np.inf).min(0)
            self.bad[i] = self.ask[i]
            self.step[i] = np.maximum(1 - np.floor(np.log2(near)), self.step[i] // 2).astype(int)

    def _local_noise(self, i: Ints) -> Ints:
        variance, size, _ = self._check(i, 3)
        explained = is_explained(variance, size)
        self.wide[i], self.wide_size[i] = np.nan_to_num(variance, nan=np.inf), size
        self.tried[i] |= ~explained
        return np.full(len(i), E.NOISY)

    def _bottom(self, i: Ints) -> tuple[Bools, Bools]:
        """Return where the narrowest scale has less noise, and where a shape is at x."""
        variance, size, c = self._check(i, 1)
        h, now = np.ldexp(1.0, self.ask[i]), self.now.part(i)
        self.low[i] = np.nan_to_num(variance, nan=np.inf)
        weight = self.small.at[1][:2]
        slope, error = weight @ c[:2] / h, np.sqrt(variance) * np.abs(weight[1]) / h
        quieter = np.isfinite(size) & ~(now.variance <= self.t.ratio_check[now.index] * variance)
        quieter &= ~is_clean(now)
        self._note_other(i, quieter, slope, error)
        if not self.design.side:
            floor = self.sampler.rounding(self.columns[i], size)
            self.shaped[i] |= self.shapes.add(i, self.small, c, 2, self.ask[i], floor, True)
        return quieter, self.shaped[i]

    def _probe(self, i: Ints) -> Ints:
        quieter, hit = self._bottom(i)
        return np.where(hit, E.SHAPE, np.where(quieter, E.QUIETER, E.SAME))

    def _down(self, i: Ints) -> Ints:
        new, hit = self._visit(i)
        old = self.now.part(i)
        falls = ~self.have[i] | is_noisier(old, new, self.t)
        lost = falls & self.have[i]
        self.bad[i] = np.where(lost, self.scale[i], self.bad[i])
        self.bad[i] = np.where(new.finite, self.bad[i], self.ask[i])
        self.dropped[i] = np.where(lost, np.fmax(self.dropped[i], old.variance), self.dropped[i])
        event = np.where(falls, np.where(is_clean(new), E.CLEAN, E.QUIETER), E.SAME)
        event = np.where(new.finite, event, E.UNDEFINED)
        self._take(i, new.finite & falls, new)
        self._see_edge(i, new)
        self.step[i] = np.where(event == E.QUIETER, 2 * self.step[i], self.step[i])
        stuck = (self.ask[i] <= self.bottom[i]) & ((event == E.QUIETER) | (event == E.UNDEFINED))
        self.lowest[i] |= stuck
        return np.where(hit, E.SHAPE, np.where(stuck, E.LOWEST, event))

    def _up(self, i: Ints) -> Ints:
        new, hit = self._visit(i)
        old = self.now.part(i)
        better = self._is_better(new, old)
        self.bad[i] = np.where(better, self.bad[i], np.minimum(self.ask[i], self.bad[i]))
        rises = is_noisier(new, old, self.t)
        mild = new.finite & rises & (new.seen <= 3) & (new.variance < (by.LOUD * new.size) ** 2)
        self._contradict(i, ~better & self._is_other(new, old), ~better & mild, new)
        self._take(i, better, new)
        return np.where(hit, E.SHAPE, np.where(better, E.TAKEN, E.REFUSED))

    def _is_better(self, new: Fit, old: Fit) -> Bools:
        better = new.finite & (new.score < old.score) & agrees(new, old, self.t)
        return np.asarray(better & ~is_noisier(new, old, self.t))

    def _is_other(self, new: Fit, old: Fit) -> Bools:
        """Return whether a wider fit explains f, but with another value at x."""
        explains = is_noisier(new, old, self.t) | is_clean(new)
        explains &= new.finite & is_explained(new.variance, new.size)
        return np.asarray(explains & ~has_value(new, old.value))

    def _contradict(self, i: Ints, value: Bools, noise: Bools, new: Fit) -> None:
        """Note a wider scale that has another value at x, or whose noise is no misfit."""
        any_ = value | noise
        self._note_other(i, any_, new.slope, new.error)
        first = np.flatnonzero(any_ & ~self.soft[i])
        at = i[first]
        if len(at):
            self.refused.put(at, new.part(first))
            self.refused_y[:, at] = self.seen[0].take(first, axis=1)
            self.refused_scale[at], self.off[at] = self.ask[at], value[first]
        self.soft[i] |= any_

    def _feel(self, i: Ints) -> Ints:
        variance, size, _ = self._check(i, 3)
        fine = variance <= self.t.feel[self.now.index[i]] * self.now.variance[i]
        self.least[i] = np.where(fine, self.ask[i], self.least[i])
        worse = np.nan_to_num(variance, nan=np.inf)
        for array, value in ((self.felt, self.ask[i]), (self.wide, worse), (self.wide_size, size)):
            array[i] = np.where(fine, array[i], value)
        return np.full(len(i), E.FELT)

    def _verify(self, i: Ints) -> Ints:
        self._bottom(i)
        return np.full(len(i), E.FELT)

    def _anew(self, i: Ints) -> Ints:
        new, _ = self._visit(i)
        self._take(i, new.finite, new)
        return np.where(new.finite, E.TAKEN, E.UNDEFINED)

    def _top(self, i: Ints) -> Ints:
        new, _ = self._visit(i)
        old = self.now.part(i)
        self.tried[i] = True
        dropped, ratio = self.dropped[i], self.t.ratio[new.index, old.index]
        falls = new.finite & (new.variance * ratio < dropped)
        quantised = new.finite & ~(new.variance > ratio * dropped) & np.isfinite(dropped)
        off = self._is_other(new, old) & ~falls
        self._note_other(i, falls, old.slope, old.error)
        self.conflict[i] |= falls
        self._contradict(i, off, quantised & ~falls, new)
        self._take(i, falls | (~quantised & ~off & self._is_better(new, old)), new)
        return np.full(len(i), E.TAKEN)
