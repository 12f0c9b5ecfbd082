"""Fault campaigns: the program is broken on purpose, thousands of times, and its promises are counted afterwards.

`make chaos` (TIER=smoke, standard or nightly; SEED=; ONLY=name). Each campaign breaks the program in earnest (a real
process, a real SIGKILL, a real file), and each promise has a negative control: a build that is known to break it and
that the campaign must catch, else its silence means nothing.
"""
