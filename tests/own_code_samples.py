"""Functions that nobody else wrote, in several languages, for indexes in tests."""

from __future__ import annotations

import re
from typing import Final

from excise.detectors.own.code_tokens import KEYWORDS

PYTHON: Final = '''\
def settle_freight(ledger, shipments, fallback_rate):
    """Books what each shipment costs."""
    # The ledger is sorted by day.
    owed = 0
    for shipment in shipments:
        rate = ledger.rate_of(shipment.lane, default=fallback_rate)
        if shipment.weight > 40 and not shipment.prepaid:
            owed += rate * (shipment.weight - 40) + 7
        elif shipment.urgent:
            owed += max(rate, 12) * shipment.stops
        ledger.book(shipment.number, owed, note="freight")
    return owed, len(shipments)
'''
TYPESCRIPT: Final = """\
export function pickBerth(quay: Quay, vessels: Vessel[], slack = 15): Berth | null {
  /* Longest first, so that
     the short ones fill the gaps. */
  const queue = [...vessels].sort((a, b) => b.length - a.length);
  for (const vessel of queue) {
    const free = quay.berths.find((berth) => berth.metres >= vessel.length + slack);
    if (!free || free.reservedUntil > vessel.arrival) {
      continue; // try the next one
    }
    free.reservedUntil = vessel.departure + quay.turnaround;
    return free;
  }
  return null;
}
"""
GO: Final = """\
func (s *Silo) Blend(grades []Grade, target float64) (Mix, error) {
	var mix Mix
	for i, grade := range grades {
		share := target / float64(len(grades)-i)
		if grade.Stock < share {
			return Mix{}, fmt.Errorf("grade %q holds %.1f only", grade.Name, grade.Stock)
		}
		mix.Parts = append(mix.Parts, Part{Name: grade.Name, Tonnes: share})
		target -= share
	}
	s.last = mix
	return mix, nil
}
"""
SQL: Final = """\
SELECT d.depot_code, sum(p.pallets) AS pallets, count(DISTINCT p.carrier_id) AS carriers
FROM depot_moves p
JOIN depots d ON d.id = p.depot_id AND d.closed_on IS NULL
WHERE p.moved_on >= date_trunc('week', now()) - interval '3 weeks'
  -- internal moves are billed elsewhere
  AND p.kind IN ('inbound', 'transfer')
GROUP BY d.depot_code
HAVING sum(p.pallets) > 120
ORDER BY pallets DESC
"""
ALL: Final = {"python": PYTHON, "typescript": TYPESCRIPT, "go": GO, "sql": SQL}

# Longer than the others, and in no index.
UNRELATED: Final = '''\
class Thermostat:
    """Keeps a room at a temperature."""

    def __init__(self, sensor, valve, wanted=20.5):
        self.sensor = sensor
        self.valve = valve
        self.wanted = wanted
        self.history = []

    def step(self, clock):
        measured = self.sensor.read()
        self.history.append((clock.time(), measured))
        error = self.wanted - measured
        if abs(error) < 0.2:
            return "hold"
        opening = min(1.0, max(0.0, 0.3 * error + self.valve.opening))
        self.valve.move_to(opening)
        return "open" if error > 0 else "close"

    def report(self, out):
        for when, value in self.history[-24:]:
            out.write(f"{when:%H:%M} {value:5.1f}\\n")
'''

_KEYWORDS: Final = frozenset(KEYWORDS.split())


def renamed(text: str) -> str:
    """Every name another, what stands in quotes left alone."""
    names: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match[0]
        if word in _KEYWORDS or word[0] in "\"'":
            return word
        return names.setdefault(word, f"{'qwzjk'[len(names) % 5]}_{len(names)}")

    return re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*", other, text)
