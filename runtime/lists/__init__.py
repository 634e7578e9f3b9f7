"""How people arrange lists: saved views, columns, grouping, totals."""
