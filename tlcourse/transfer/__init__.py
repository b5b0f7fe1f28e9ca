"""Transfer: features, heads, probes, freezing, fine-tuning; what lessons repeat once it was taught.

Everything here is a few lines of Keras; lessons 5 to 7 write them out before they use them.
"""

import lazy_loader

# Found when asked for: scikit-learn is not imported by who only wants to freeze a layer.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adapting": ["fixed_norms", "let_learn", "load_learned", "save_learned"],
        "features": ["extract_features"],
        "freezing": ["freeze", "trainable_summary", "unfreeze"],
        "heads": ["build_classifier", "set_head"],
        "probe": ["FloorScaler", "linear_probe"],
        "scores": ["h_score", "log_me"],
        "soups": ["average_weights", "greedy_soup"],
        "trust": [
            "adabn",
            "coral",
            "energy_score",
            "expected_calibration_error",
            "temperature",
        ],
        "tuning": ["compare", "fine_tune", "restart"],
    },
)
