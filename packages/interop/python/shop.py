"""Errors of an application."""


class PaymentError(Exception):
    def __init__(self, message, amount=0):
        super().__init__(message, amount)
        self.amount = amount


class KeywordPaymentError(PaymentError):
    """Cannot be pickled as it is: its constructor asks for more than its arguments hold."""

    def __init__(self, message, amount, *, reason):
        super().__init__(message, amount)
        self.reason = reason


class KeywordError(Exception):
    def __init__(self, number, *, code):
        super().__init__(number)
        self.code = code


class Outer:
    class InnerError(Exception):
        pass
