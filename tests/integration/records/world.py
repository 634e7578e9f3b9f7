"""An application with a bit of everything, for the tests of the record road."""

WORLD = """
entity: project
title: "{name}"
tracked: [owner]
fields:
  name: {type: text, max: 80, required: true}
  budget: {type: money}
  tier: {type: choice, options: tiers, default: '"basic"'}
  secret: {type: text}
  head: {type: user}
  tasks: {type: referring, from: task.project}
  open_tasks: {type: rollup, from: task.project, function: count, where: state <> "done"}
  effort: {type: rollup, from: task.project, field: total, function: sum}
  heavy: {type: computed, value: effort > 100}
---
entity: task
title: "{code} {name}"
tracked: [size]
fields:
  code: {type: auto_number, pattern: "T-{0000}"}
  name: {type: text, max: 80, required: true}
  ref: {type: text, unique: true, max: 20}
  project: {type: reference, to: project}
  helpers: {type: references, to: person}
  kind: {type: choice, options: kinds}
  tags: {type: choices, options: tags}
  due: {type: date, default: TODAY() + 7}
  done_at: {type: datetime}
  hours: {type: decimal, places: 2, min: 0}
  urgent: {type: boolean}
  price: {type: money}
  note: {type: long_text}
  reason: {type: text, show_when: urgent, required_when: urgent}
  locked: {type: boolean}
  fixed: {type: text, read_only_when: locked}
  salary: {type: decimal, places: 2}
  bonus: {type: computed, value: salary * 2}
  items:
    type: rows
    fields:
      what: {type: text, required: true}
      amount: {type: decimal, places: 2, default: '1'}
      cost: {type: decimal, places: 2}
      double: {type: computed, value: amount * 2}
  total: {type: computed, value: SUM(items.amount)}
  size: {type: computed, value: 'IF(total >= 10, "large", "small")'}
  project_tier: {type: lookup, path: project.tier}
  days_left: {type: computed, value: due - TODAY()}
validations:
  sane: {holds: "OR(ISBLANK(hours), hours <= 1000)", at: [hours], labels: {en: "Hours must be 1000 at most", zh: "工时不能超过 1000"}}
  kind_given: {holds: NOT(ISBLANK(kind)), when: urgent, at: [kind]}
---
option_set: kinds
options: {repair: {labels: {en: Repair, zh: 维修}}, build: {labels: {en: Build, zh: 建造}}, old: {retired: true}}
---
option_set: tiers
options: [basic, gold]
---
option_set: tags
options: [red, green, blue]
---
machine: task
on: task
states: {open: open, doing: open, done: closed}
transitions:
  start: {from: open, to: doing, needs: [hours]}
  finish:
    from: doing
    to: done
    guards: {enough: {holds: hours >= 1, labels: {en: "At least one hour is booked"}}}
    asks: {result: {type: text, required: true}}
    actions:
      - {do: set, fields: {done_at: NOW(), note: ask.result}}
      - {do: create, entity: log, fields: {what: name, task: id}}
      - {do: comment, text: "Finished {name}"}
  close: {from: [open, doing], to: done, who: [boss], needs: [note]}
---
machine: check
on: task
states: {unchecked: open, checked: closed}
transitions:
  approve: {from: unchecked, to: checked, who: [boss]}
---
entity: log
title: "{what}"
fields:
  what: {type: text}
  task: {type: reference, to: task}
---
role: boss
can: [design]
rights:
  project: {read: all, create: true, update: all, delete: all, assign: all}
  task: {read: all, create: true, update: all, delete: all, assign: all}
  log: {read: all, create: true, update: all, delete: all}
  person: {read: all, create: true, update: all}
  team: {read: all, create: true, update: all}
---
role: worker
rights:
  project: {read: team, fields: {secret: {read: false}, budget: {write: false}}}
  task:
    read: own
    create: true
    update: own
    fields: {salary: {read: false}, items.cost: {read: false}, locked: {write: false}}
    states: {done: {update: none, hidden: [price]}}
  person: {read: all}
  team: {read: all}
---
role: senior
rights:
  project: {read: team_and_below, update: team, fields: {secret: {read: false}}}
  task: {read: team_and_below, update: team_and_below, assign: team_and_below, fields: {salary: {read: false}}}
  person: {read: all}
---
role: auditor
rights:
  task: {read: urgent, fields: {note: {read: false}}}
---
role: gold_fan
rights:
  task: {read: project.tier = "gold", update: 'AND(project.tier = "gold", ANY(items, amount > 5))'}
  project: {read: tier = "gold"}
"""
