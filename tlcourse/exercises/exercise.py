"""What an exercise is, and the two kinds that many lessons have: a choice, and a difference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError, shown

STUB = "# Your answer goes here."
# A difference that is nearer to 0 than this may be chance, and its sign, too.
EVEN = 0.05


@dataclass(frozen=True)
class Option:
    """One answer of a multiple-choice question, and why it is right or not."""

    text: str
    explanation: str


@dataclass(frozen=True)
class Exercise:
    """One exercise, and how it is judged.

    `check` gets an answer and gives a word of praise, or raises `AnswerError`. Answers that it must
    accept and refuse stand with the tests, in `tests/exercises/answers`.
    """

    id: str
    title: str
    check: Callable[[object], str]
    hints: tuple[str, ...]
    question: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)


def choice(
    id: str,
    title: str,
    question: str,
    options: Mapping[str, tuple[str, str]],
    right: str,
    hints: tuple[str, ...],
) -> Exercise:
    """A multiple-choice exercise, answered with a letter.

    Args:
        id: such as `"05.1"`.
        title: a few words.
        question: what is asked, ends with a question mark.
        options: letter → the option's text, and why it is right or not.
        right: the letter of the right one.
        hints: one after the other.
    """
    table = {letter: Option(*texts) for letter, texts in options.items()}
    last = max(options)

    def judge(answer: object) -> str:
        letter = answer.strip().strip(".)(").lower() if isinstance(answer, str) else answer
        if not isinstance(letter, str) or letter not in table:
            raise AnswerError(
                f'Answer with one letter from `a` to `{last}` in quotes, such as `"a"`, '
                f"not {shown(answer)}."
            )
        if letter != right:
            raise AnswerError(table[letter].explanation)
        return table[letter].explanation

    return Exercise(id, title, judge, hints, question, table)


def difference(
    id: str,
    title: str,
    bounds: tuple[float, float],
    too_small: str,
    too_large: str,
    order: str,
    praise: str,
    hints: tuple[str, ...],
    even: str = "",
) -> Exercise:
    """An exercise answered with the difference of two accuracies, as a fraction.

    Args:
        id: such as `"09.4"`.
        title: a few words.
        bounds: the least and the most that is right. They leave room for another seed and another
            processor, and leave out what the usual mistakes give.
        too_small: what to say below.
        too_large: what to say above.
        order: what is to be subtracted from what, such as `"trained minus random"`.
        praise: what to say of a right one; `{points}` is replaced by the points.
        hints: one after the other.
        even: what to say when there is no difference; default `too_small`.
    """
    low, high = bounds

    def judge(answer: object) -> str:
        value = answers.number(answer)
        if abs(value) > 1:
            raise AnswerError(f"{value:g} is more than all. Give a fraction: 0.25, not 25 points.")
        if even and abs(value) < EVEN:
            raise AnswerError(f"{value:.2f}: {even}")
        if value <= -EVEN:
            raise AnswerError(f"{value:.2f} is negative. Subtract the other way round: {order}.")
        if value < low:
            raise AnswerError(f"{value:.2f} is too small. {too_small}")
        if value > high:
            raise AnswerError(f"{value:.2f} is too large. {too_large}")
        return praise.format(points=f"{100 * value:.1f} points")

    return Exercise(id, title, judge, hints)
