"""nbgrader on the side of a student: the exchange, as their fence shows it."""

c = get_config()  # noqa: F821
c.Exchange.root = "/srv/exchange"
c.CourseDirectory.course_id = "transfer_learning"
