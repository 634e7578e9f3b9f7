"""A state machine as a drawing: the usual way runs down the middle, states beside it stand to the right, ways back to the left.

Pure geometry in units of the drawing; ``templates/builder/flow.html`` makes SVG of it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from builder.web.words import state_tone
from kernel.model.elements import Machine, State, Transition

NODE_W, NODE_H, PILL_H = 168, 48, 26
GAP, PILL_GAP = 34, 6
MARGIN, LANE = 16, 18
SIDE_X_GAP = 32
_MAX_LABEL = 200


@dataclass(frozen=True, slots=True)
class Box:
    """A state."""

    key: str
    label: str
    tone: str
    x: float
    y: float
    height: float = NODE_H
    start: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class Pill:
    """The name of a step, on its line; ``locked`` when it has conditions or wants something filled in."""

    key: str
    label: str
    x: float
    y: float
    width: float
    locked: bool
    primary: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A way: the ``d`` of an SVG path that ends in an arrow. ``back`` ones are dashed."""

    path: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """Everything to draw."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    pills: tuple[Pill, ...]


@dataclass(slots=True)
class _Edge:
    transition: Transition
    source: str
    target: str


@dataclass(slots=True)
class _Side:
    state: State
    edges: list[_Edge] = field(default_factory=list)


def text_width(text: str) -> float:
    """About how wide 13 px text is: CJK glyphs are square."""
    return sum(13.0 if unicodedata.east_asian_width(c) in "WF" else 7.2 for c in text)


def cut(text: str, room: float) -> str:
    """The text, shortened to a width."""
    if text_width(text) <= room:
        return text
    while text and text_width(text + "…") > room:
        text = text[:-1]
    return text + "…"


def lay_out(machine: Machine, language: str) -> Diagram:
    """Where everything goes. Works for any machine, even a broken one: steps to unknown states are left out."""
    known = machine.by_key
    main = [s for s in machine.states if s.on_path and s.category != "lost"] or list(machine.states)
    row = {s.key: i for i, s in enumerate(main)}
    sides = {s.key: _Side(s) for s in machine.states if s.key not in row}
    between: list[list[_Edge]] = [[] for _ in main]
    left: list[_Edge] = []
    among: list[_Edge] = []
    for transition in machine.transitions:
        for source in transition.from_:
            if source not in known or transition.to not in known:
                continue
            edge = _Edge(transition, source, transition.to)
            if source in row and edge.target in row:
                (between[row[source]] if row[edge.target] == row[source] + 1 else left).append(edge)
            elif source in sides and edge.target in sides:
                among.append(edge)
            else:
                sides[edge.target if edge.target in sides else source].edges.append(edge)
    return _Layout(machine, language, main, row, sides, between, left, among).draw()


class _Layout:
    def __init__(self, machine: Machine, language: str, main: list[State], row: dict[str, int], sides: dict[str, _Side],
                 between: list[list[_Edge]], left: list[_Edge], among: list[_Edge]) -> None:
        self.machine, self.language = machine, language
        self.main, self.row, self.sides, self.between = main, row, sides, between
        self.left = sorted(left, key=lambda e: abs(row[e.source] - row[e.target]))
        self.among = among
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.pills: list[Pill] = []

    def draw(self) -> Diagram:
        widths = [self._width(e) for e in self.left]
        # Each way back has a lane of its own, wide enough for its name.
        main_x = MARGIN + sum(w + 12 for w in widths) + (12 if widths else 0)
        tops = self._main(main_x)
        self._left(main_x, tops, widths)
        right, bottom = self._sides(main_x + NODE_W, tops)
        last = tops[self.main[-1].key] + NODE_H if self.main else 0
        return Diagram(right + MARGIN, max(last, bottom) + MARGIN, tuple(self.boxes), tuple(self.lines), tuple(self.pills))

    def _main(self, x: float) -> dict[str, float]:
        tops: dict[str, float] = {}
        y = float(MARGIN)
        for index, state in enumerate(self.main):
            tops[state.key] = y
            self._box(state, x, y)
            steps = self.between[index]
            gap = GAP + (len(steps) * (PILL_H + PILL_GAP) if steps else -6)
            if steps:
                middle = x + NODE_W / 2
                self.lines.append(Line(f"M{middle:g} {y + NODE_H:g}V{y + NODE_H + gap - 3:g}"))
                for number, edge in enumerate(steps):
                    self._pill(edge, middle, y + NODE_H + 14 + PILL_H / 2 + number * (PILL_H + PILL_GAP))
            y += NODE_H + gap
        return tops

    def _left(self, main_x: float, tops: dict[str, float], widths: list[float]) -> None:
        x = main_x - 12
        used: dict[str, int] = {}
        for edge, width in zip(self.left, widths, strict=True):
            lane = x - width / 2
            x -= width + 12
            start = self._port(tops[edge.source], used, edge.source)
            end = self._port(tops[edge.target], used, edge.target)
            self.lines.append(Line(f"M{main_x:g} {start:g}H{lane:g}V{end:g}H{main_x - 3:g}", self.row[edge.target] <= self.row[edge.source]))
            self._pill(edge, lane, (start + end) / 2)

    @staticmethod
    def _port(top: float, used: dict[str, int], key: str) -> float:
        """The next free place on the edge of a state: lines that meet there do not cover each other."""
        number = used[key] = used.get(key, -1) + 1
        offsets = (0.5, 0.25, 0.75, 0.38, 0.62, 0.12, 0.88)
        return top + NODE_H * offsets[number % len(offsets)]

    def _sides(self, main_right: float, tops: dict[str, float]) -> tuple[float, float]:
        if not self.sides:
            return main_right, 0
        count = sum(len(self._merged(s)) for s in self.sides.values())
        lanes_x = main_right + SIDE_X_GAP
        widest = max((self._width(e) for s in self.sides.values() for e in s.edges), default=60.0)
        side_x = lanes_x + max(count - 1, 0) * LANE + 24 + widest + 24
        y, lane = float(MARGIN), lanes_x
        used: dict[str, int] = {}
        placed: dict[str, Box] = {}
        for side in sorted(self.sides.values(), key=self._wish):
            merged = self._merged(side)
            height = max(NODE_H, len(merged) * (PILL_H + PILL_GAP) + 8.0)
            wish = min((tops[self._main_end(e)] for e in side.edges), default=y)
            y = max(y, wish)
            placed[side.state.key] = box = self._box(side.state, side_x, y, height)
            for number, edges in enumerate(merged):
                port = y + height * (number + 0.5) / len(merged)
                inwards = edges[0].target == side.state.key
                for edge in edges:
                    other = self._port(tops[self._main_end(edge)], used, self._main_end(edge))
                    if inwards:
                        self.lines.append(Line(f"M{main_right:g} {other:g}H{lane:g}V{port:g}H{side_x - 3:g}"))
                    else:
                        self.lines.append(Line(f"M{side_x:g} {port:g}H{lane:g}V{other:g}H{main_right + 3:g}", True))
                self._pill(edges[0], side_x - 18 - self._width(edges[0]) / 2, port)
                lane += LANE
            y = box.y + height + 20
        right = side_x + NODE_W
        for edge in self.among:
            source, target = placed[edge.source], placed[edge.target]
            x = right + 14 + self._width(edge) / 2
            start, end = source.y + source.height * 0.6, target.y + target.height * 0.4
            self.lines.append(Line(f"M{side_x + NODE_W:g} {start:g}H{x:g}V{end:g}H{side_x + NODE_W + 3:g}"))
            self._pill(edge, x, (start + end) / 2)
            right = x + self._width(edge) / 2
        return right, y

    def _wish(self, side: _Side) -> int:
        return min((self.row[self._main_end(e)] for e in side.edges), default=len(self.main))

    def _main_end(self, edge: _Edge) -> str:
        return edge.source if edge.source in self.row else edge.target

    @staticmethod
    def _merged(side: _Side) -> list[list[_Edge]]:
        """Ways of one step from several states share a lane and a name."""
        found: dict[tuple[str, bool], list[_Edge]] = {}
        for edge in side.edges:
            found.setdefault((edge.transition.key, edge.target == side.state.key), []).append(edge)
        return list(found.values())

    def _box(self, state: State, x: float, y: float, height: float = NODE_H) -> Box:
        box = Box(state.key, cut(state.label.to(self.language), NODE_W - 34), state_tone(self.machine, state), x, y, height,
                  state.key == self.machine.start, state.category != "open")
        self.boxes.append(box)
        return box

    def _label(self, edge: _Edge) -> str:
        return cut(edge.transition.label.to(self.language), _MAX_LABEL - 44)

    def _width(self, edge: _Edge) -> float:
        return text_width(self._label(edge)) + (42 if _locked(edge.transition) else 24)

    def _pill(self, edge: _Edge, x: float, y: float) -> None:
        self.pills.append(Pill(edge.transition.key, self._label(edge), x, y, self._width(edge), _locked(edge.transition), edge.transition.primary))


def _locked(transition: Transition) -> bool:
    return bool(transition.guards or transition.needs or transition.asks or transition.approvals)
