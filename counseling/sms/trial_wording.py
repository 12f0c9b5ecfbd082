"""The text that an administrator sends to a number of their own, to see its whole way there and back."""

TRIAL = "Tin thu: duong gui tin hoat dong. Xin tra loi mot chu bat ky de thu duong ve."
