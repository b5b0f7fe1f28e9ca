"""`tlcourse retrain`: from a folder of photos to a model that can be used, and a report on it.

Read in this order: `result` (what can be asked for, and what comes of it), `run` (the steps), then
the steps: `gather` (the photos, in splits), `backbone`, `stream` (and `cluster`, the same on
several machines), `groups` (what belongs together: `likeness`, `taken`), `train`, `confidence`,
`judge`, `look`, `model`, `export` (`formats`, `in_page`, and the page's parts in `page/`),
`second_look` (`crossval`, `labels`), `shortcuts`, `report`, `card`. A class more: `add`, by what
`store` has kept of the photos, and `added` tells of it.
`output` minds the folder that is written to, `words` has what is said in the terminal. What becomes
of a photo is in `tlcourse.photos`.
"""
