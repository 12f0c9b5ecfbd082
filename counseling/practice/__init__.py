"""The practice day: invented people in a file of the learner's own, far from the real rows."""
