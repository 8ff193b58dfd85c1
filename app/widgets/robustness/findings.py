"""(to be written)"""

from app.robustness_choice import Choice, Room, Subject


def section(subject: Subject, room: Room) -> Choice:
    return subject.choice
