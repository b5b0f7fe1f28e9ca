"""`tlcourse retrain`: from a folder of photos to a model that can be used, and a report on it.

Read in this order: `cli` (what can be asked for), `run` (the steps), then the steps: `duplicates`,
`stream` (and `cluster`, the same on several machines), `train`, `judge`, `model`, `report`.
"""
