"""The exercises, a module a lesson: what is asked, how an answer is judged, and hints."""
