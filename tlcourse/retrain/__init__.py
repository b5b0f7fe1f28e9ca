"""`tlcourse retrain`: from a folder of photos to a model that can be used, and a report on it.

Read in this order: `result` (what can be asked for, and what comes of it), `run` (the steps), then
the steps: `stream` (and `cluster`, the same on several machines), `train`, `judge`, `model`,
`report`. What becomes of a photo is in `tlcourse.photos`.
"""
