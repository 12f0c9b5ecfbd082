from counseling.domain.refusal import Refusal


def test_a_refusal_carries_its_code_and_facts_and_no_sentence() -> None:
    refusal = Refusal("order_too_long", days=40, longest_days=30)
    assert refusal.code == "order_too_long"
    assert refusal.facts == {"days": 40, "longest_days": 30}
    assert str(refusal) == "order_too_long"
